import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// What a person reads where only the error is printed.
@Suite struct ErrorTextTests {
    private static let failure = StoreFailure(operation: "flush", code: 5, detail: "EIO")
    private static let reasons: [AppendError.Reason] = [
        .timedOut, .cancelled, .full, .closed, .storeFailed(failure),
        .runFailed(.alreadyRun), .rolledBack, .slotTaken,
    ]
    private static let token = Token(node: 1, boot: Boot(3), sequence: 250)

    static let all: [any Error] =
        [
            AppendError.payloadTooLarge(bytes: 9, limit: 8), AppendError.emptyBatch,
            AppendError.noSuchSlot(.zero),
            AppendError.batchTooLarge(entries: 9, bytes: 1, maxEntries: 8, maxBytes: 7),
            AppendError.overloaded, BarrierError.timedOut, BarrierError.cancelled,
            BarrierError.closed, BarrierError.storeFailed(failure),
            BarrierError.runFailed(.alreadyRun), BarrierError.rolledBack,
            ReadError.trimmed(through: 7), ReadError.unreadable(7), ReadError.closed,
            ReadError.storeFailed(failure), ReadError.runFailed(.alreadyRun),
            WaitError.cancelled, WaitError.closed, WaitError.storeFailed(failure),
            WaitError.runFailed(.alreadyRun), TrimError.notCommitted(through: 7),
            TrimError.timedOut,
            TrimError.cancelled, TrimError.closed, TrimError.storeFailed(failure),
            TrimError.runFailed(.alreadyRun), TrimError.rolledBack,
        ] + reasons.map { AppendError.never($0) } + reasons.map { AppendError.unknown(token, $0) }

    /// A sentence of one line.
    @Test(arguments: all.indices)
    func anErrorIsASentence(_ index: Int) {
        let text = "\(Self.all[index])"
        #expect(text.contains(" ") && !text.contains("\n") && text.count < 160)
    }

    /// What a transport threw can be had as it was, and compared by what it says.
    @Test func whatLiesBeneathCanBeLookedAt() {
        let ended = LogRunError.transportFailed(UnderlyingError(WaitError.closed))
        guard case .transportFailed(let beneath) = ended else { return }
        #expect(beneath.error as? WaitError == .closed)
        #expect(UnderlyingError(beneath).error is WaitError, "wrapped once")
        #expect(ended == .transportFailed(UnderlyingError(WaitError.closed)))
        #expect(ended != .transportFailed(UnderlyingError(WaitError.cancelled)))
        #expect(ended != .transportFailed(UnderlyingError(BarrierError.closed)), "another type")
        #expect("\(LogRunError.noThread(code: 11))".hasSuffix("raise its limit"))
    }

    @Test func whatBecameOfAnAppendIsSaidFirst() {
        #expect(
            "\(AppendError.unknown(Self.token, .cancelled))"
                == "it is not known whether append 1-3-250 is in the log: "
                + "the calling task was cancelled"
        )
        #expect("\(AppendError.never(.closed))".hasPrefix("not appended, and never will be: "))
        #expect("\(ReadError.trimmed(through: 7))".hasPrefix("the log is kept from slot 8 on"))
        let failed = "\(BarrierError.storeFailed(Self.failure))"
        #expect(failed.contains("(flush failed: EIO (5)): check the disk"))
    }
}
