internal import CLMDB

/// The strong checksum of seals: XXH64 of whole stripes of 32 bytes.
struct Digest {
    static let stripe = 32

    private var state = clmdb_digest_begin()

    var value: UInt64 { withUnsafePointer(to: state) { clmdb_digest_end($0) } }

    /// Adds bytes whose count is a multiple of a stripe.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        assert(bytes.count % Self.stripe == 0, "a part of a stripe")
        guard let begin = bytes.baseAddress else { return }
        clmdb_digest_add(&state, begin, bytes.count)
    }

    /// Adds what begins a page or a run of pages: its number, and how many pages it has.
    mutating func add(page: UInt64, pages: UInt64) {
        withUnsafeBytes(of: (page.littleEndian, pages.littleEndian, UInt64(0), UInt64(0))) {
            add($0)
        }
    }

    /// Of a few bytes, filled up with zeros.
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let whole = bytes.count / stripe * stripe
        var digest = Digest()
        digest.add(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        guard whole < bytes.count else { return digest.value }
        withUnsafeTemporaryAllocation(byteCount: stripe, alignment: 8) { last in
            last.initializeMemory(as: UInt8.self, repeating: 0)
            last.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[whole...]))
            digest.add(UnsafeRawBufferPointer(last))
        }
        return digest.value
    }

    static func of(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { of($0) } }

    static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.withUnsafeBytes { of($0) } }
}
