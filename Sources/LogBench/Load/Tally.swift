import LogCommands
import PaxosCore

/// Compares a log that is read back with what was acknowledged.
///
/// The bookkeeping is a set of ranges a client: it grows with what is missing, not with the log.
struct Tally {
    private let workload: Workload
    /// Sequences seen, a set for each client.
    private var seen: [NumberRanges]
    private(set) var entries = 0
    private(set) var duplicated = 0
    /// Entries that nobody appended, or that are not what was appended.
    private(set) var foreign = 0
    /// Of every entry's slot and content, in order: two readings of one log are equal in it.
    private(set) var digest = Hash64()

    init(workload: Workload, clients: Int) {
        self.workload = workload
        seen = Array(repeating: NumberRanges(), count: clients)
    }

    mutating func take(slot: UInt64, payload: [UInt8]) {
        entries += 1
        digest.add(slot)
        guard let author = workload.author(of: payload), author.client < seen.count else {
            foreign += 1
            digest.add(payload)
            return
        }
        // The rest of a payload that has an author is known.
        digest.add(UInt64(author.client))
        digest.add(author.sequence)
        if seen[author.client].contains(author.sequence) {
            duplicated += 1
        } else {
            seen[author.client].insert(author.sequence...author.sequence)
        }
    }

    /// How many of the acknowledged appends were not seen; by client, the sequences it was told of.
    func lost(acknowledged: [NumberRanges]) -> Int {
        var lost = 0
        for (client, told) in acknowledged.enumerated() {
            var place = 0
            let found = seen[client].ranges
            for range in told.ranges {
                lost += range.count
                while place < found.count, found[place].upperBound < range.lowerBound { place += 1 }
                var next = place
                while next < found.count, found[next].lowerBound <= range.upperBound {
                    lost -= found[next].clamped(to: range).count
                    next += 1
                }
            }
        }
        return lost
    }
}
