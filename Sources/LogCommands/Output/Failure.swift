/// Why a command did not do what it was asked: what, where, and what to do, in one line.
package struct Failure: Error {
    package let status: ExitStatus
    /// In snake case, for programs.
    package let reason: String
    /// For people.
    package let detail: String

    package init(_ status: ExitStatus, _ reason: String, _ detail: String) {
        self.status = status
        self.reason = reason
        self.detail = detail
    }

    /// A commit or a flush failed under a running node.
    package var isOfStore: Bool { reason == Self.storeFailed }

    /// The reason of such a failure.
    package static let storeFailed = "store_failed"

    /// One line on standard error; a refusal also as an object on standard output if that is JSON.
    package func report(json: Bool) {
        if json, status == .refused {
            Output.answer(JSON.object([("refused", .string(reason)), ("detail", .string(detail))]))
        }
        Output.complain(detail)
    }
}
