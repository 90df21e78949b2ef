import LogCommands
import ReplicatedLog

extension NodeProcess {
    /// What became of a token. The names are a contract: docs/OPERATIONS.md.
    func resolve(
        _ token: Token,
        _ settle: Bool,
        _ timeout: Duration?
    ) async -> [(String, JSON)] {
        do throws(ResolveError) {
            return try await log.resolve(token, settle: settle, timeout: timeout).fields(token)
        } catch {
            return error.fields
        }
    }
}

extension Resolution {
    fileprivate func fields(_ token: Token) -> [(String, JSON)] {
        switch self {
        case .committed(let slots) where slots.lowerBound == slots.upperBound:
            [
                ("outcome", .string("committed")),
                ("slot", .unsigned(slots.lowerBound.rawValue)),
            ]
        case .committed(let slots):
            [
                ("outcome", .string("committed")),
                ("first_slot", .unsigned(slots.lowerBound.rawValue)),
                ("last_slot", .unsigned(slots.upperBound.rawValue)),
            ]
        case .passed(let slot):
            [
                ("outcome", .string("committed")), ("slot", .null),
                ("through", .unsigned(slot.rawValue)),
            ]
        case .never:
            [("outcome", .string("never"))]
        case .unknown(let why):
            [
                ("outcome", .string("unknown")), ("token", .string("\(token)")),
                ("error", .string(why.rawValue)),
            ]
        }
    }
}

extension ResolveError {
    fileprivate var fields: [(String, JSON)] {
        let name =
            switch self {
            case .noSuchToken: "no_such_token"
            case .timedOut: "timed_out"
            case .cancelled: "cancelled"
            case .closed: "closed"
            case .storeFailed: Failure.storeFailed
            case .runFailed: "run_failed"
            case .rolledBack: "rolled_back"
            }
        return [("error", .string(name))]
    }
}
