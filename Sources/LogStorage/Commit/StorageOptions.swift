/// How a data directory grows, and where it stops. Sizes are in bytes.
public struct StorageOptions: Hashable, Sendable {
    /// Address space reserved for the file: the file never grows beyond it, and it costs nothing until
    /// it is used. Default 1 TiB.
    public var mapSize = 1 << 40
    /// The part of `mapSize`, in percent, at which the node refuses new appends. What lies beyond it is
    /// kept for what is in flight and for trims, which need new pages too. Default 90.
    public var softLimitPercent = 90
    /// How far beyond its last page the file is kept filled with zeros: blocks that were written once are
    /// flushed faster, and a full disk shows before a commit meets it. Default 64 MiB.
    public var runwayBytes = 64 << 20
    /// Refuse a data directory on a network file system, whose locks and flushes cannot be relied on.
    /// Default true; the memory file system is always allowed and is not durable.
    public var refusesNetworkFileSystems = true

    /// The documented defaults.
    public init() {}
}

extension StorageOptions {
    /// LMDB needs a few pages for an empty log, and one transaction a few more.
    static let smallestMap = 256 << 10

    /// What makes no sense here, or `nil`.
    var invalidity: InvalidStorage? {
        func invalid(_ name: String, _ reason: String) -> InvalidStorage {
            InvalidStorage(name: name, reason: reason)
        }
        if mapSize < Self.smallestMap {
            return invalid("mapSize", "must be at least \(Self.smallestMap)")
        }
        if mapSize > 1 << 46 { return invalid("mapSize", "must be at most \(1 << 46)") }
        if !(1...100).contains(softLimitPercent) {
            return invalid("softLimitPercent", "must be 1 to 100")
        }
        if runwayBytes < 0 { return invalid("runwayBytes", "must not be negative") }
        return nil
    }
}

/// A storage option that cannot be.
public struct InvalidStorage: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the property of `StorageOptions`.
    public let name: String
    /// What it must be.
    public let reason: String

    /// What is wrong, for people.
    public var description: String { "storage options: \(name) \(reason)" }
}
