import LogCommands
import PaxosCore

extension Explanation {
    /// Of a reason, the same in `rlog explain` and `rlog node`: docs/OPERATIONS.md.
    var json: JSON {
        let member: UInt64? = if case .member(let node) = subject { node.rawValue } else { nil }
        let name =
            switch subject {
            case .leadership: "leadership"
            case .commitment: "commitment"
            case .trimming: "trimming"
            case .member: "member"
            }
        return .object([
            ("subject", .string(name)), ("member", .optional(member)),
            ("cause", .string(cause.name.replacing("-", with: "_"))),
            ("detail", .string("\(subject): \(cause)")), ("advice", .string(advice)),
        ])
    }
}
