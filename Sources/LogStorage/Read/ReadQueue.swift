internal import PaxosCore
internal import Platform

typealias ReadAnswer<Page: Sendable> = @Sendable (Result<Page, ReadFailure>) -> Void

/// What waits for the reader thread.
final class ReadQueue: Sendable {
    struct Request: Sendable {
        let slots: ClosedRange<Slot>
        let maxBytes: Int
        let withEffect: Bool
        let answer: Answer

        func fail(_ failure: ReadFailure) {
            switch answer {
            case .rows(let answer): answer(.failure(failure))
            case .payloads(let answer): answer(.failure(failure))
            }
        }
    }

    /// Who is answered, and with what.
    enum Answer: Sendable {
        case rows(ReadAnswer<RowPage>)
        case payloads(ReadAnswer<PayloadPage>)
    }

    private struct State {
        var waiting = FIFO<Request>()
        var isClosed = false
    }

    private let state = Locked(State())
    let parker = Parker()

    func submit(_ request: Request) {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(request)
            return true
        }
        if isTaken { parker.unpark() } else { request.fail(.closed) }
    }

    func take() -> (request: Request?, isClosed: Bool) {
        state.withLock { ($0.waiting.popFirst(), $0.isClosed) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        parker.unpark()
    }
}
