import DiskShim
import Glibc
import Platform
import TestSupport
import Testing

/// Images of recordings made by hand: exactly the expected ones.
@Suite(.shared) struct CrashImageTests {
    private func sector(_ byte: UInt8, count: Int = 1) -> [UInt8] {
        [UInt8](repeating: byte, count: 512 * count)
    }

    private func write(_ byte: UInt8, at sectorNumber: Int, count: Int = 1) -> DiskEvent {
        .write(path: "f", offset: 512 * sectorNumber, bytes: sector(byte, count: count))
    }

    private func flush(_ path: String, began: Int, error: Int32 = 0) -> [DiskEvent] {
        let isDirectory = path != "f" && path != "t"
        return [
            .flushBegan(path: path, isDirectory: isDirectory),
            .flushEnded(path: path, isDirectory: isDirectory, began: began, error: error),
        ]
    }

    /// What `f` holds in each image, a byte for a sector, sorted.
    private func outcomes(
        _ events: [DiskEvent],
        initially bytes: [UInt8] = [0, 0],
        at point: Int? = nil
    ) -> [[UInt8]] {
        let recording = DiskRecording(
            files: ["f": bytes.flatMap { sector($0) }],
            events: events
        )
        let images = CrashImages(recording, crashAt: point ?? events.count)
        #expect(images.isExhaustive)
        return images.images.map { image in
            let file = image.files["f"] ?? []
            return stride(from: 0, to: file.count, by: 512).map { file[$0] }
        }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test func anUnflushedWriteIsTornBetweenItsSectors() {
        let expected: [[UInt8]] = [[0, 0], [0, 1], [1, 0], [1, 1]]
        #expect(outcomes([write(1, at: 0, count: 2)]) == expected)
    }

    @Test func aFlushedWriteIsThere() {
        #expect(outcomes([write(1, at: 0, count: 2)] + flush("f", began: 1)) == [[1, 1]])
    }

    @Test func aFlushThatIsUnderWayOrFailedMakesNothingDurable() {
        let events = [write(1, at: 0)] + flush("f", began: 1)
        #expect(outcomes(events, at: 2) == [[0, 0], [1, 0]])
        let failed = [write(1, at: 0)] + flush("f", began: 1, error: 5)
        #expect(outcomes(failed) == [[0, 0], [1, 0]])
    }

    @Test func aFlushCoversOnlyWhatCompletedBeforeItBegan() {
        let events: [DiskEvent] = [
            write(1, at: 0), .flushBegan(path: "f", isDirectory: false), write(2, at: 1),
            .flushEnded(path: "f", isDirectory: false, began: 1, error: 0),
        ]
        #expect(outcomes(events) == [[1, 0], [1, 2]])
    }

    @Test func aSectorWrittenTwiceMayHaveAnyVersion() {
        #expect(outcomes([write(1, at: 0), write(2, at: 0)]) == [[0, 0], [1, 0], [2, 0]])
        let flushed = [write(1, at: 0)] + flush("f", began: 1) + [write(2, at: 0)]
        #expect(outcomes(flushed) == [[1, 0], [2, 0]])
    }

    @Test func partsOfASectorAddUp() throws {
        let events: [DiskEvent] = [
            .write(path: "f", offset: 0, bytes: [1]), .write(path: "f", offset: 1, bytes: [2]),
        ]
        let recording = DiskRecording(files: ["f": [0, 0]], events: events)
        let found = CrashImages(recording, crashAt: 2).images.map { $0.files["f"] }
        #expect(found == [[0, 0], [1, 0], [1, 2]])
    }

    @Test func aSynchronousWriteIsDurableWhenItReturned() {
        let events: [DiskEvent] = [
            write(1, at: 0),
            .synchronousWriteBegan(path: "f", offset: 512, bytes: sector(2)),
            .synchronousWriteEnded(path: "f", began: 1, error: 0),
        ]
        #expect(outcomes(events, at: 2) == [[0, 0], [0, 2], [1, 0], [1, 2]])
        // Only its own range: what else was written is still at risk.
        #expect(outcomes(events) == [[0, 2], [1, 2]])
    }

    @Test func aLengthThatNoFlushCoveredIsLostOrKept() {
        let expected: [[UInt8]] = [[7], [7], [7, 0], [7, 1]]
        #expect(outcomes([write(1, at: 1)], initially: [7]) == expected)
        #expect(
            outcomes([.truncate(path: "f", length: 512)], initially: [7, 8]) == [[7], [7, 8]]
        )
        #expect(
            outcomes(
                [.truncate(path: "f", length: 512)] + flush("f", began: 1),
                initially: [7, 8]
            )
                == [[7]]
        )
    }

    @Test func aNewNameIsLostOrKeptUntilItsDirectoryIsSynced() {
        let events: [DiskEvent] =
            [.create(path: "f"), .write(path: "f", offset: 0, bytes: [1])]
            + flush("f", began: 2) + flush("", began: 4)
        func found(_ point: Int) -> [[String: [UInt8]]] {
            CrashImages(DiskRecording(events: events), crashAt: point).images.map(\.files)
        }
        #expect(found(1) == [[:], ["f": []]])
        #expect(found(4) == [[:], ["f": [1]]])
        #expect(found(5) == [[:], ["f": [1]]])
        #expect(found(6) == [["f": [1]]])
    }

    @Test func aRenameReplacesWholeOrNotAtAll() {
        let recording = DiskRecording(
            files: ["f": [1], "t": [2]],
            events: [.rename(from: "t", to: "f")] + flush("", began: 1)
        )
        #expect(
            CrashImages(recording, crashAt: 1).images.map(\.files) == [
                ["f": [1], "t": [2]], ["f": [2]],
            ]
        )
        #expect(CrashImages(recording, crashAt: 3).images.map(\.files) == [["f": [2]]])
    }

    /// Creation as a store does it: aside, then the directory renamed. Names survive in order.
    @Test func aDirectoryTakesAlongWhatIsInIt() {
        let events: [DiskEvent] = [
            .makeDirectory(path: "new"), .create(path: "new/f"), .rename(from: "new", to: "n1"),
            .write(path: "n1/f", offset: 0, bytes: [1]),
            .flushBegan(path: "n1/f", isDirectory: false),
            .flushEnded(path: "n1/f", isDirectory: false, began: 4, error: 0),
            .flushBegan(path: "n1", isDirectory: true),
            .flushEnded(path: "n1", isDirectory: true, began: 6, error: 0),
        ]
        let images = CrashImages(DiskRecording(events: events), crashAt: 6).images
        #expect(images.map(\.directories) == [[], ["new"], ["new"], ["n1"]])
        #expect(images.map(\.files) == [[:], [:], ["new/f": [1]], ["n1/f": [1]]])
        // The file's name is safe now, but not the directory's: it is unreachable without.
        let later = CrashImages(DiskRecording(events: events), crashAt: 8).images
        #expect(later.map(\.files) == [[:], ["new/f": [1]], ["n1/f": [1]]])
    }

    @Test func aRemovalIsLostOrKept() {
        let recording = DiskRecording(files: ["f": [1]], events: [.remove(path: "f")])
        #expect(CrashImages(recording, crashAt: 1).images.map(\.files) == [["f": [1]], [:]])
    }

    @Test func manySectorsGiveADeterministicSample() {
        let events = (0..<20).map { write(UInt8($0 + 1), at: $0 * 2, count: 2) }
        let recording = DiskRecording(files: ["f": sector(0, count: 40)], events: events)
        let images = CrashImages(recording, crashAt: events.count)
        #expect(!images.isExhaustive)
        #expect(images.dirtySectorCount == 40)
        let choices = images.images.map(\.choice)
        #expect(choices == images.images.map(\.choice))
        #expect(Set(choices).count == choices.count)
        let versions = Set(choices.map(\.versions))
        let none = [Int](repeating: 0, count: 40)
        let all = [Int](repeating: 1, count: 40)
        #expect(versions.contains(none) && versions.contains(all))
        for index in 0..<40 {
            var (alone, missing) = (none, all)
            (alone[index], missing[index]) = (1, 0)
            #expect(versions.contains(alone) && versions.contains(missing))
        }
        for count in 1...20 {
            #expect(versions.contains(Array(all.prefix(2 * count) + none.dropFirst(2 * count))))
        }
        // The random ones come on top of 2 + 80 + 40, some of which coincide.
        #expect(versions.count > 2 + 80 + 38)
    }

    @Test func advancingStepByStepIsTheSameAsBeginningAnew() {
        let events =
            [write(1, at: 0)] + flush("f", began: 1) + [write(2, at: 1), write(3, at: 0)]
            + flush("f", began: 5) + [write(4, at: 1)]
        let recording = DiskRecording(files: ["f": sector(0, count: 2)], events: events)
        var state = CrashState(recording)
        for point in 0...events.count {
            state.advance(to: point)
            #expect(
                CrashImages(state).images.map(\.files)
                    == CrashImages(recording, crashAt: point).images.map(\.files)
            )
        }
    }

    @Test func anImageIsWrittenAsItIs() throws {
        let directory = try Scratch("shim")
        let recording = DiskRecording(
            directories: ["a", "a/b"],
            files: ["a/b/f": [1, 2, 3], "g": []],
            events: []
        )
        let images = CrashImages(recording, crashAt: 0).images
        #expect(images.count == 1)
        let path = directory.path + "/image"
        try images.first?.materialise(at: path)
        let found = try DiskRecorder(directory: path).finish()
        #expect(found.directories == ["a", "a/b"])
        #expect(found.files == ["a/b/f": [1, 2, 3], "g": []])
    }

    /// From real calls to images: what was flushed is in every one.
    @Test func aRealRecordingGivesItsImages() throws {
        let directory = try Scratch("shim")
        let recorder = try DiskRecorder(directory: directory.path)
        let file = open(directory.path + "/f", O_RDWR | O_CREAT, 0o600)
        #expect(pwrite(file, sector(1), 512, 0) == 512)
        #expect(fdatasync(file) == 0)
        try FileSystem.syncDirectory(directory.path)
        recorder.mark(kind: 1, value: 1)
        #expect(pwrite(file, sector(2), 512, 512) == 512)
        close(file)
        let recording = recorder.finish()
        var state = CrashState(recording)
        for point in 0...recording.events.count {
            state.advance(to: point)
            guard !state.marks.isEmpty else { continue }
            for image in CrashImages(state).images {
                #expect(image.files["f"]?.prefix(512) == sector(1)[...], "\(image)")
            }
        }
        #expect(CrashImages(state).images.count == 4)
    }
}
