// Of the article WhatACommitWaitsFor: ArticleTests compares the two.
// ARTICLE begins
import ReplicatedLog

/// Takes a seat that nobody has: false if somebody has it. Other members take seats at the same time.
func take(_ seat: String, at node: LogNode) async throws -> Bool {
    while true {
        let tail = try await node.barrier()
        try await node.wait(for: tail)
        var read = Slot.zero
        while read < tail {
            let page = try await node.entries(in: read.next...tail)
            if page.entries.contains(where: { $0.payload.elementsEqual(seat.utf8) }) {
                return false
            }
            read = page.through
        }
        do {
            try await node.append(seat.utf8, ifTail: tail)
            return true
        } catch {
            // Somebody else was first: look again.
            guard case .never(.slotTaken) = error else { throw error }
        }
    }
}
// ARTICLE ends
