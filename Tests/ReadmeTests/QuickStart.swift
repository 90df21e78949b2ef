// The quick start of the article FirstCluster, compiled and run as it stands there: SnippetTests compares
// the two.
// ARTICLE begins
import ReplicatedLog

func quickStart(in directory: String) async throws -> [String] {
    let configuration = LogNode.Configuration(
        cluster: try ClusterID("orders"),
        node: 1,
        membership: try Membership([1])
    )
    // Once in a directory's life; a directory that holds something is refused.
    try await LogNode.create(configuration, directory: directory)
    // At every start; a missing directory is refused, never made anew.
    let node = try await LogNode.open(configuration, directory: directory)

    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await node.run() }  // or give the node to a ServiceGroup

        // Returns once the entry has been flushed to the disk.
        let slot = try await node.append("paid 17".utf8)
        // A batch: adjoining slots, all or nothing.
        let batch = ["packed 17", "sent 17"].map { Array($0.utf8) }
        let slots = try await node.append(contentsOf: batch)

        // Every effective entry from a slot on, in order, for ever: this reader stops by itself.
        var seen: [String] = []
        for try await event in node.subscribe(from: slot) {
            guard case .entry(let slot, let payload, _) = event else { continue }
            seen.append(String(decoding: payload, as: UTF8.self))
            if slot == slots.upperBound { break }
        }

        // Everything acknowledged before the call is committed here up to this slot.
        let readPoint = try await node.barrier()
        // A bounded page of the log; `page.through` says how far it reaches.
        let page = try await node.entries(in: slot...readPoint)
        let status = node.status
        print("\(status.role), \(page.entries.count) entries through slot \(page.through)")

        await node.shutdown()
        try await group.waitForAll()
        return seen
    }
}
// ARTICLE ends
