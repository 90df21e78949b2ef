import DecoderProperties
import Foundation
import PaxosCore
import PaxosSimulator
import Testing

/// The corpus of the fuzz targets, run again by every test run: what was found once is not found twice.
@Suite struct CorpusTests {
    @Test(arguments: Decoder.allCases)
    func everyInputKeepsTheProperties(_ decoder: Decoder) throws {
        let inputs = try Corpus.inputs(of: decoder)
        #expect(inputs.count > 10)
        var taken = 0
        for (name, input) in inputs {
            do throws(DecoderProperties.Violation) {
                taken += try decoder.check(input) ? 1 : 0
            } catch {
                Issue.record("\(decoder)/\(name): \(error)")
            }
        }
        // Both ways are exercised.
        #expect(taken > 0 && taken < inputs.count, "\(taken) of \(inputs.count)")
    }

    /// What is whole gets through, as it is and in the form that has its checksums made right; so the
    /// properties are those of something. `UPDATE_CORPUS=1` writes these inputs anew.
    @Test(arguments: Decoder.allCases)
    func whatIsWholeIsTaken(_ decoder: Decoder) throws {
        let isUpdating = ProcessInfo.processInfo.environment["UPDATE_CORPUS"] != nil
        for (name, input) in try Seeds.inputs(of: decoder) {
            #expect(try decoder.check(input), "\(name)")
            if isUpdating { try Corpus.write(input, "seed-" + name, of: decoder) }
            #expect(Corpus.input("seed-" + name, of: decoder) == input, "\(decoder)/seed-\(name)")
        }
    }

    @Test(arguments: Decoder.allCases)
    func anythingMayCome(_ decoder: Decoder) throws {
        var random = SeededGenerator(seed: 7)
        let seeds = try Seeds.inputs(of: decoder).map(\.input)
        for round in 0..<500 {
            var input = round % 5 == 0 ? random.garbage(random.below(200)) : random.pick(seeds)
            for _ in 0...random.below(3) where !input.isEmpty { random.damage(&input) }
            #expect(throws: Never.self, "round \(round)") { try decoder.check(input) }
        }
    }
}

/// The files of `Tests/Fuzzing/Corpus`, a folder for each decoder.
enum Corpus {
    private static func folder(of decoder: Decoder) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzzing/Corpus/\(decoder.rawValue)")
    }

    static func inputs(of decoder: Decoder) throws -> [(name: String, input: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: folder(of: decoder).path).sorted().map {
            ($0, [UInt8](try Data(contentsOf: folder(of: decoder).appending(path: $0))))
        }
    }

    static func input(_ name: String, of decoder: Decoder) -> [UInt8]? {
        (try? Data(contentsOf: folder(of: decoder).appending(path: name))).map { [UInt8]($0) }
    }

    static func write(_ input: [UInt8], _ name: String, of decoder: Decoder) throws {
        let folder = folder(of: decoder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(input).write(to: folder.appending(path: name))
    }
}
