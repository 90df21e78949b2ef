/// A base takes the place of what this node has not got, in two steps: it goes to the disk, and once it is there, the
/// node stands behind it.
extension Delivering {
    /// Hands a base that has arrived to the store. Nothing is delivered from then on.
    mutating func install(
        _ replica: inout Replica,
        _ writes: inout Writes,
        output: inout Output
    ) {
        guard replica.arrivedBase != nil,
            let base = replica.install(behind: state, output: &output)
        else { return }
        writes.install(base, to: &output.rows)
        interrupt()
    }

    /// Goes on behind the base that a receipt covers, if it does: subscribers are told, and so are those whose
    /// append is in what it stands for.
    mutating func finishInstalling(
        _ installed: Slot?,
        _ replica: inout Replica,
        _ callers: inout Callers,
        output: inout Output
    ) {
        guard let base = replica.finishInstalling(installed) else { return }
        goOn(behind: base)
        output.passed = base.slot
        callers.answerPassed(base.state, output: &output)
        replica.learn(output: &output)
        replica.leadIfComplete(output: &output)
    }
}
