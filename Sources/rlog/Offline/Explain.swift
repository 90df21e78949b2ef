import ArgumentParser
import LogCommands
import LogStorage
import LogWire
import PaxosCore

/// `rlog explain`: what keeps a node that is at rest from going on, by its directory alone.
struct Explain: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a stopped node would not go on, and what to do; changes nothing.",
        discussion: """
            A node that runs is asked by its operation explain, or LogNode.explain(): it knows whom it hears.
            """
    )

    @Argument(help: "The data directory; no process may have it open.")
    var directory: String

    @Flag(help: "Print one JSON object a reason.")
    var json = false

    func execute() async throws(Failure) -> ExitStatus {
        let directory = directory
        let found = try await offPool { () throws(Failure) in try Self.explain(directory) }.get()
        for reason in found {
            if json { Output.answer(reason.json) } else { Output.answer("\(reason)\n") }
        }
        if found.isEmpty, !json { Output.answer("nothing here keeps the node from going on\n") }
        return .done
    }

    private static func explain(_ directory: String) throws(Failure) -> [Explanation] {
        do throws(LogOpenError) {
            let reader = try DirectoryReader(at: directory)
            let state = try reader.state()
            var found: [Explanation] = []
            if let rolledBack = state.rolledBack {
                found.append(Explanation(.leadership, .rolledBack(rolledBack)))
            }
            let unmet = state.membership.members.filter { node in
                node != state.node
                    && !state.peers.contains { $0.node == node && $0.isMutual }
            }
            if !unmet.isEmpty { found.append(Explanation(.leadership, .notMet(unmet))) }
            found.append(Explanation(.leadership, .notRunning))
            let last = reader.lastSlot()
            if last > state.committed {
                found.append(Explanation(.commitment, .undecided(state.committed.next...last)))
            }
            if try isDamaged(reader, state) { found.append(Explanation(.commitment, .damaged)) }
            for cursor in state.cursors where cursor.slot < state.committed {
                let cause = Explanation.Cause.heldByCursor(cursor.name, cursor.slot)
                found.append(Explanation(.trimming, cause))
            }
            return found
        } catch {
            throw Failure(error)
        }
    }

    private static func isDamaged(
        _ reader: borrowing DirectoryReader,
        _ state: RecoveredState
    ) throws(LogOpenError) -> Bool {
        var isDamaged = false
        try reader.scanRows(damaged: { _ in isDamaged = true }) { row in
            if case .unreadable = row { isDamaged = true }
            return !isDamaged
        }
        return isDamaged
    }
}
