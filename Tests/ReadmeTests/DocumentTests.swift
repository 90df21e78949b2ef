import Foundation
import Testing

/// What the documents name is there.
@Suite struct DocumentTests {
    static let documents = [
        "README.md", "CHANGELOG.md", "docs/DESIGN.md", "docs/PROTOCOL.md", "docs/STORAGE.md",
        "docs/TESTING.md", "docs/TESTKIT.md", "docs/OPERATIONS.md", "docs/PERFORMANCE.md",
        "docs/RULES.md", "docs/SIMULATOR.md", "docs/FAULTS.md",
    ]

    /// Relative links, and the paths of sources and tests in backquotes.
    @Test(arguments: documents)
    func everyPathThatIsNamedExists(document: String) throws {
        let text = try Repository.text(document)
        let folder = document.contains("/") ? "docs/" : ""
        for link in text.matches(of: #/\]\((?!https?:|#)([^)#]+)[^)]*\)/#) {
            #expect(Repository.exists(folder + String(link.1)), "\(document) links to \(link.1)")
        }
        let paths = #/`((?:Sources|Tests|Examples|Benchmarks|Scripts|docs|\.ci)/[\w+.\/-]+)`/#
        for path in text.matches(of: paths) {
            #expect(Repository.exists(String(path.1)), "\(document) names \(path.1)")
        }
    }

    /// Every suite and test function that a document of the tests names is in the sources.
    @Test func everyTestThatIsNamedExists() throws {
        let declared = try Repository.declarations(below: "Tests")
        let table = try ["TESTING", "RULES", "SIMULATOR", "FAULTS"]
            .map { try Repository.text("docs/\($0).md") }.joined()
        let names = table.matches(of: #/`([A-Z]\w+Tests)(?:\.(\w+))?`/#)
        #expect(names.count > 50)
        for name in names {
            #expect(declared.contains("struct \(name.1)"), "no suite \(name.1)")
            guard let function = name.2 else { continue }
            #expect(declared.contains("func \(function)"), "no test \(name.1).\(function)")
        }
    }

    @Test func everyRuleHasARow() throws {
        let text = try Repository.text("docs/RULES.md")
        let rules = try #require(text.range(of: "\n## Rules\n"))
        let breaks = try #require(text.range(of: "\n## Breaks\n"))
        let table = text[rules.upperBound..<breaks.lowerBound]
        for rule in 1...80 { #expect(table.contains("\n| R\(rule) |"), "no row for R\(rule)") }
    }

    /// The breaks are listed in docs/RULES.md from the headers of their patches.
    @Test func everyBreakIsListed() throws {
        let table = try Repository.text("docs/RULES.md")
        let names = try Repository.names(in: "Tests/Breaks").filter { $0.hasSuffix(".patch") }
        #expect(names.count >= 12)
        for name in names {
            let header = try Repository.text("Tests/Breaks/" + name).split(separator: "\n")
            func field(_ key: String) throws -> Substring {
                try #require(header.first { $0.hasPrefix(key + ": ") }).dropFirst(key.count + 2)
            }
            let row =
                try "| \(field("Rule")) | `\(name.dropLast(6))` | \(field("Break")) | "
                + "`\(field("Filter"))` |"
            #expect(table.contains(row), "docs/RULES.md lacks: \(row)")
        }
    }

    /// Every name under which `rlog` refuses is in the table of the exit statuses, and no other.
    @Test func everyRefusalIsInTheTable() throws {
        let sources = try ["rlog", "LogBench", "LogCommands"].map { target in
            try Repository.swift(below: "Sources/\(target)")
        }.joined()
        let used = Set(sources.matches(of: #/\.refused,\s*"(\w+)"/#).map(\.1))
        #expect(used.count > 20)
        // No name by another way.
        #expect(sources.matches(of: #/\.refused,\s*[^\s"]/#).isEmpty)
        let rows = try Repository.text("docs/OPERATIONS.md").split(separator: "\n")
        let named = rows.filter { $0.hasPrefix("| 3 |") }.flatMap { row in
            row.split(separator: "|")[1].matches(of: #/`(\w+)`/#).map(\.1)
        }
        #expect(Set(named) == used)
        #expect(named.count == used.count, "a name stands twice")
    }

    /// Whoever starts a node as the operators' page says finds in its log what happened.
    @Test func everyNodeThatIsStartedSaysWhatHappens() throws {
        let lines = try Repository.text("docs/OPERATIONS.md").split(separator: "\n")
        let starts = lines.filter { $0.contains(#/(rlog|orders-log) node --data/#) }
        #expect(starts.count >= 3)
        for start in starts { #expect(start.contains("--log-level"), "\(start)") }
    }
}

/// The files of this repository.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .sorted()
    }

    /// As in `struct Slot` and `func append`. Looks at bytes: the sources of the tests are megabytes, in which
    /// searching for each name takes half a minute.
    static func declarations(below folder: String) throws -> Set<String> {
        var found: Set<String> = []
        var words: (before: [UInt8], now: [UInt8]) = ([], [])
        for byte in Array(try swift(below: folder).utf8) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                words.now.append(byte)
            default:
                guard !words.now.isEmpty else { continue }
                let keyword = String(decoding: words.before, as: UTF8.self)
                if keyword == "struct" || keyword == "func" {
                    found.insert(keyword + " " + String(decoding: words.now, as: UTF8.self))
                }
                words = (words.now, [])
            }
        }
        return found
    }

    static func swift(below folder: String) throws -> String {
        let start = root.appending(path: folder)
        let paths = FileManager.default.enumerator(atPath: start.path)
        var text = ""
        while let path = paths?.nextObject() as? String {
            guard path.hasSuffix(".swift") else { continue }
            text += try String(contentsOf: start.appending(path: path), encoding: .utf8)
        }
        return text
    }
}
