internal import PaxosCore

extension StoreRun {
    /// A new store knows nothing, and counts each opening.
    func beginsEmpty() async throws {
        let first = try await open()
        let recovered = first.store.recover()
        expect(
            recovered.promised == .zero && recovered.lastRound == 0 && recovered.accepted.isEmpty
                && recovered.committed == .zero && recovered.peers.isEmpty
                && recovered.checkpoint == .empty,
            "a new store holds something"
        )
        await first.close()
        let second = try await open()
        expect(second.store.recover().boot > recovered.boot, "an opening is not counted (R31)")
        await second.close()
    }

    /// Every batch is covered by a receipt, in the order of submission, those without rows too, and none
    /// twice.
    func receiptsInOrder() async throws {
        let opened = try await open()
        for number in 1...200 as ClosedRange<UInt64> {
            opened.submit(number) { rows in
                // Every third has nothing to write.
                if number % 3 != 0 { rows.accepted = [Rows.run(number...number)] }
            }
        }
        guard await receipt(of: 200, opened) else { return await opened.close() }
        opened.submit(201) { _ in }
        _ = await receipt(of: 201, opened)
        let through = opened.listener.heard.through
        expect(zip(through, through.dropFirst()).allSatisfy(<), "receipts are out of order")
        expect(through.last == 201, "a receipt covers what was not submitted")
        await opened.close()
    }

    /// Whatever a receipt has covered is there after the store was closed and opened.
    func findsWhatWasReceipted() async throws {
        let opened = try await open()
        let boot = opened.store.recover().boot
        let runs = [Rows.run(1...4), Rows.run(5...40, bytes: 3_000)]
        let peers = [2, 3].map { (node: NodeID) in
            PeerRecord(
                node: node,
                incarnation: Incarnation(high: 7, low: node.rawValue),
                boot: Boot(4),
                nonce: Nonce(99),
                isMutual: node == 2
            )
        }
        let promise = Ballot(round: 3, node: 2)
        opened.submit(1) { rows in
            rows.peers = peers
            rows.promised = Ballot(round: 1, node: 1)
            rows.lastRound = 1
        }
        opened.submit(2) { $0.accepted = [runs[0]] }
        opened.submit(3) { rows in
            rows.accepted = [runs[1]]
            rows.committed = 4
        }
        opened.submit(4) { rows in
            rows.promised = promise
            rows.lastRound = 9
        }
        opened.submit(5) { rows in
            rows.committed = 6
            rows.checkpoint = Checkpoint(slot: 3, digest: .empty, state: LogState())
        }
        _ = await receipt(of: 5, opened)
        await opened.close()
        let again = try await open()
        let found = again.store.recover()
        expect(found.boot > boot, "an opening is not counted")
        expect(found.promised == promise, "the promise is \(found.promised), not \(promise) (R1)")
        expect(found.lastRound == 9, "the last round is \(found.lastRound), not 9 (R4)")
        expect(found.committed == 6, "the watermark is \(found.committed), not 6")
        expect(found.checkpoint.slot == 3, "the checkpoint is \(found.checkpoint.slot), not 3")
        expect(found.peers == peers, "the peers are not those that were written (R75)")
        let above = Rows.rows(of: runs[1]).filter { $0.slot > 6 }
        expect(found.accepted == above, "the rows above the watermark are not those written")
        await expectPage(Rows.rows(of: runs[0]) + Rows.rows(of: runs[1]), of: again, 1...40)
        await again.close()
    }

    /// Of two rows of one slot the one that was submitted later stays, also within one group.
    func letsLaterRowsWin() async throws {
        let opened = try await open()
        opened.submit(1) { $0.accepted = [Rows.run(1...10)] }
        opened.submit(2) { rows in
            rows.accepted = [Rows.run(4...6, round: 2)]
        }
        opened.submit(3) { $0.accepted = [Rows.run(5...5, round: 2, isChosen: true)] }
        _ = await receipt(of: 3, opened)
        await opened.close()
        let again = try await open()
        let expected =
            Rows.rows(of: Rows.run(1...3)) + Rows.rows(of: Rows.run(4...4, round: 2))
            + Rows.rows(of: Rows.run(5...5, round: 2, isChosen: true))
            + Rows.rows(of: Rows.run(6...6, round: 2)) + Rows.rows(of: Rows.run(7...10))
        expect(again.store.recover().accepted == expected, "an earlier row has won")
        await expectPage(expected, of: again, 1...10)
        await again.close()
    }

    func expectPage(
        _ rows: [AcceptedEntry],
        of opened: OpenedStore,
        _ slots: ClosedRange<Slot>
    ) async {
        let result = await opened.read(slots, maxBytes: 1 << 30)
        guard case .success(let page) = result else { return report("\(slots): \(result)") }
        expect(page.rows == rows, "\(slots) reads as something else than was written")
        expect(page.through == slots.upperBound, "a page that is not full ends early")
    }

    /// Pages are in slot order, leave out what is not there, are bounded, and hold a row if there is one.
    func readsInBoundedPages() async throws {
        let opened = try await open()
        let present = [Rows.run(2...9, bytes: 1_000), Rows.run(15...20, bytes: 1_000)]
        opened.submit(1) { $0.accepted = present }
        opened.submit(2) { rows in
            rows.accepted = [Rows.run(1...1)]
            rows.committed = 9
            rows.ineffective = [3, 4]
        }
        _ = await receipt(of: 2, opened)
        let rows = Rows.rows(of: Rows.run(1...1)) + present.flatMap(Rows.rows)
        await expectPage(rows, of: opened, 1...30)
        await expectPage([], of: opened, 10...14)
        await expectPage([], of: opened, 100...200)
        for maxBytes in [1, 1_500, 5_000] {
            var found: [AcceptedEntry] = []
            var ineffective: [Slot] = []
            var next: Slot = 1
            while next <= 30 {
                let result = await opened.read(next...30, maxBytes: maxBytes)
                guard case .success(let page) = result else {
                    report("\(result)")
                    break
                }
                guard page.through >= next else {
                    report("a page makes no way")
                    break
                }
                let bytes = page.rows.reduce(0) { $0 + $1.entry.payloadBytes }
                // About: the last row may go beyond.
                expect(bytes <= maxBytes + 1_000, "\(bytes) bytes in a page of \(maxBytes)")
                found += page.rows
                ineffective += page.ineffective
                next = page.through.next
            }
            expect(found == rows, "pages of \(maxBytes) bytes are not the whole")
            expect(ineffective == [3, 4], "what is without effect is not told, or twice")
        }
        await opened.close()
        let late = await opened.read(1...2, maxBytes: 10)
        expect(late == .failure(.closed), "a read after the end is answered with \(late)")
    }

    /// What is trimmed is told to be so, and not to be empty or lost, also after an opening (`R15`); the rest stays.
    func trimsWhatItIsTold() async throws {
        let opened = try await open()
        opened.submit(1) { $0.accepted = [Rows.run(1...10)] }
        guard await receipt(of: 1, opened) else { return await opened.close() }
        opened.submit(2) { rows in
            rows.committed = 8
            rows.checkpoint = Checkpoint(slot: 8, digest: .empty, state: LogState())
            rows.trimmed = 6
        }
        _ = await receipt(of: 2, opened)
        await expectTrimmed(opened)
        await opened.close()
        let again = try await open()
        let found = again.store.recover().trimmed
        expect(found == 6, "the trim point is \(found), not 6")
        await expectTrimmed(again)
        await again.close()
    }

    private func expectTrimmed(_ opened: OpenedStore) async {
        for slots in [1...10, 6...6] as [ClosedRange<Slot>] {
            let result = await opened.read(slots, maxBytes: 1 << 20)
            var isSaid = false
            if case .failure(.trimmed(6, let base?)) = result { isSaid = base.slot == 6 }
            expect(isSaid, "\(slots) is trimmed and reads as \(result)")
        }
        await expectPage(Rows.rows(of: Rows.run(7...10)), of: opened, 7...10)
    }

    /// `close` finishes what was submitted; what comes later leaves no trace.
    func finishesWhatWasSubmitted() async throws {
        let opened = try await open()
        for number in 1...50 as ClosedRange<UInt64> {
            opened.submit(number) { $0.accepted = [Rows.run(number...number)] }
        }
        await opened.close()
        let heard = opened.listener.heard
        opened.submit(51) { $0.accepted = [Rows.run(51...51)] }
        let again = try await open()
        let found = again.store.recover().accepted
        expect(
            found == (1...50).flatMap { Rows.rows(of: Rows.run($0...$0)) },
            "\(found.count) rows of 50 that were submitted before the end are there"
        )
        expect(heard.through.last == 50, "what was finished has no receipt")
        expect(opened.listener.heard.late == 0, "a receipt comes after the end")
        await again.close()
    }

    /// After a failure nothing is receipted, taken or tried again (`R30`), and what was receipted before is
    /// there when the store is opened again.
    func saysNothingAfterAFailure() async throws {
        let opened = try await open()
        opened.submit(1) { $0.accepted = [Rows.run(1...3)] }
        guard await receipt(of: 1, opened) else { return await opened.close() }
        guard await fixture.failNextFlush(of: opened.store) else { return await opened.close() }
        opened.submit(2) { $0.accepted = [Rows.run(4...4)] }
        let listener = opened.listener
        let isFailed = await Wait.until(.seconds(10)) { listener.heard.failures > 0 }
        expect(isFailed, "a failed flush is not told")
        opened.submit(3) { $0.accepted = [Rows.run(5...5)] }
        opened.submit(4) { _ in }
        await opened.close()
        let heard = listener.heard
        expect(heard.through == [1], "there is a receipt for what a flush did not cover (R30)")
        expect(heard.failures == 1, "a failure is told \(heard.failures) times")
        let again = try await open()
        let found = again.store.recover().accepted
        expect(
            found.starts(with: Rows.rows(of: Rows.run(1...3))),
            "what was receipted before a failure is lost"
        )
        expect(
            !found.contains { $0.slot == 5 },
            "what came after a failure was written"
        )
        await again.close()
    }
}
