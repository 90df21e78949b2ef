import Platform

/// One line on a terminal that says what goes on; nothing where standard error is no terminal, and
/// nothing in the first second.
package struct Progress {
    private let begin = MonotonicClock.now()
    private var isShown = false

    package init() {}

    package mutating func show(_ text: String) {
        guard Output.errorIsTerminal,
            begin.duration(to: MonotonicClock.now()) > .seconds(1)
        else { return }
        Output.remark("\r\u{1B}[K\(text)")
        isShown = true
    }

    /// Takes the line away, before anything else is written.
    package mutating func clear() {
        if isShown { Output.remark("\r\u{1B}[K") }
        isShown = false
    }
}
