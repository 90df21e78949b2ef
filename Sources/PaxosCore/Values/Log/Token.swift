/// The name of an append: what makes it have effect in one slot at most, whatever is retried.
///
/// Made by the node that took the append: its id, its boot and a sequence number within that boot.
/// All entries of one batch share a token.
public struct Token: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The node that took the append.
    public let node: NodeID
    /// The boot of that node.
    public let boot: Boot
    /// The number of the append within that boot, from 1.
    public let sequence: UInt64

    package init(node: NodeID, boot: Boot, sequence: UInt64) {
        self.node = node
        self.boot = boot
        self.sequence = sequence
    }

    /// `node-boot-sequence`, as in `1-3-250`.
    public var description: String { "\(node.rawValue)-\(boot)-\(sequence)" }
}
