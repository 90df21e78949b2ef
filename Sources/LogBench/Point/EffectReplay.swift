import LogCommands
import LogStorage
import PaxosCore

/// Decides anew, from the rows alone, what each committed entry of a directory does.
enum EffectReplay {
    /// Calls `body` with the effective commands in slot order, and answers how far the log is decided.
    static func run(
        _ directory: String,
        _ body: (Slot, [UInt8]) -> Void
    ) throws(Failure) -> Slot {
        do throws(LogOpenError) {
            let reader = try DirectoryReader(at: directory)
            let state = try reader.state()
            var delivery = Delivery(resuming: state.start)
            try reader.scanRows(in: state.replayed) { row in
                guard case .row(let row, _) = row, row.slot == delivery.next else { return false }
                guard row.slot <= state.committed || row.isChosen else { return false }
                delivery.feed(row.entry) { decision in
                    guard decision.effect == .effective else { return }
                    body(decision.slot, decision.command.payload)
                }
                return true
            }
            return delivery.delivered
        } catch {
            throw Failure(error)
        }
    }
}
