/// Bytes of a file, a page or a part of one, with loads that are answered with nil beyond their end. The layout
/// stands in PageBytes.swift.
package struct Page {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package func uint16(_ place: Int) -> UInt16? { load(place) }
    package func uint32(_ place: Int) -> UInt32? { load(place) }
    package func uint64(_ place: Int) -> UInt64? { load(place) }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int) -> Number? {
        guard place >= 0, place + MemoryLayout<Number>.size <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { $0.number(at: place) }
    }

    /// A node of a leaf or branch.
    package struct Node {
        package let key: Range<Int>
        /// Of a branch: the page below.
        package let child: UInt64
        /// Of a leaf: what is beside the key, and how long the value is.
        package let data: Range<Int>
        package let length: Int
        package let isLarge: Bool
    }

    package var nodeCount: Int {
        bytes.count < PageBytes.header ? 0 : bytes.withUnsafeBytes { PageBytes($0).nodeCount }
    }

    func hasSoundNodes(isLeaf: Bool) -> Bool {
        bytes.withUnsafeBytes { PageBytes($0).hasSoundNodes(isLeaf: isLeaf) }
    }

    /// On a page whose nodes are sound.
    package func node(_ index: Int, isLeaf: Bool) -> Node? {
        bytes.withUnsafeBytes { PageBytes($0).node(index, isLeaf: isLeaf) }
    }
}
