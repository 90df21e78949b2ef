/// Reads pages into a room of its own, one call for those that adjoin, and counts them.
final class PageReader<Source: PageSource> {
    /// The most pages of one call: what is read stays near the processor until its checksum is made.
    static var most: Int { 16 }

    let source: Source
    let pageSize: Int
    private var room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(source: Source, pageSize: Int) {
        self.source = source
        self.pageSize = pageSize
        room = .allocate(byteCount: pageSize, alignment: 16)
    }

    deinit { room.deallocate() }

    /// Counts from here on.
    func begin() { count = 0 }

    /// The pages, until the next call; nil if the file ends before.
    func read(_ page: UInt64, pages: Int) throws(LMDBError) -> UnsafeRawBufferPointer? {
        let bytes = pages * pageSize
        if room.count < bytes {
            room.deallocate()
            room = .allocate(byteCount: bytes, alignment: 16)
        }
        let part = UnsafeMutableRawBufferPointer(rebasing: room[..<bytes])
        count += pages
        let got = try source.read(at: Int(page) * pageSize, into: part)
        return got == bytes ? UnsafeRawBufferPointer(part) : nil
    }
}

extension UnsafeRawBufferPointer {
    func page(_ index: Int, of size: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[index * size..<(index + 1) * size])
    }
}
