/// Bytes that have arrived and were not taken yet. Grows with what arrives, never with what a length field
/// says (`R39`).
package struct ReceivedBytes: Sendable {
    private var storage: [UInt8] = []
    private var start = 0

    package init() {}

    package var count: Int { storage.count - start }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 1 << 20)
            start = 0
        } else if start > storage.count / 2 {
            storage.removeSubrange(..<start)
            start = 0
        }
        storage.append(contentsOf: bytes)
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// The byte at a place counted from the first that was not taken, which must be there.
    subscript(place: Int) -> UInt8 { storage[start + place] }

    /// The first so many bytes, or fewer if fewer are there.
    func peek(_ count: Int) -> ArraySlice<UInt8> {
        storage[start..<min(start + count, storage.count)]
    }

    /// Takes the first so many bytes, which must be there.
    mutating func take(_ count: Int) -> [UInt8] {
        defer { start += count }
        return Array(storage[start..<start + count])
    }

    /// The CRC-32C of the first so many bytes, which must be there.
    func checksum(of count: Int) -> UInt32 {
        let range = start..<start + count
        return storage.withUnsafeBytes { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
