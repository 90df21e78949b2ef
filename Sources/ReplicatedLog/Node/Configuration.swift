public import PaxosCore

extension LogNode {
    /// What a node is opened with: its identity, and the bounds it keeps.
    public struct Configuration: Hashable, Sendable {
        /// The cluster that the node belongs to.
        public var cluster: ClusterID
        /// The node's place in the membership.
        public var node: NodeID
        /// The founding members of the cluster; the same list, in any order, on every node.
        public var membership: Membership
        /// The bounds of everything that could grow.
        public var limits: Limits
        /// What of its log the node keeps, and what it forgets by itself.
        public var trimming: TrimPolicy
        /// How the data directory grows, and where it stops.
        public var storage: StorageOptions
        /// How much this member is to lead. Each member has its own.
        public var priority: LeadershipPriority
        /// What other members' hosts are told of this one while it leads (`LogNode.leader`), such as where it takes
        /// requests. At most 255 bytes; goes with each heartbeat.
        public var address: [UInt8]

        /// Makes a configuration; `LogNode.create` and `LogNode.open` check it.
        public init(
            cluster: ClusterID,
            node: NodeID,
            membership: Membership,
            limits: Limits = Limits(),
            trimming: TrimPolicy = TrimPolicy(),
            storage: StorageOptions = StorageOptions(),
            priority: LeadershipPriority = .normal,
            address: [UInt8] = []
        ) {
            self.cluster = cluster
            self.node = node
            self.membership = membership
            self.limits = limits
            self.trimming = trimming
            self.storage = storage
            self.priority = priority
            self.address = address
        }
    }
}
