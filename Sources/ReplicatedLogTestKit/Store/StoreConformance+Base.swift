internal import PaxosCore

extension StoreRun {
    /// A base takes the place of whatever stood up to its slot, in one transaction: none of that is read any more, what
    /// lies behind it stays, and neither promise nor watermark nor trim point are below it (`R44`), also after an
    /// opening.
    func installsABase() async throws {
        let opened = try await open()
        opened.submit(1) { rows in
            rows.accepted = [Rows.run(1...4), Rows.run(7...10)]
            rows.promised = Ballot(round: 1, node: 1)
        }
        guard await receipt(of: 1, opened) else { return await opened.close() }
        let base = Self.base(of: opened.store.recover().membership)
        opened.submit(2) { rows in
            rows.base = base
            rows.promised = base.ballot
            rows.committed = base.slot
            rows.checkpoint = base.checkpoint
        }
        opened.submit(3) { $0.accepted = [Rows.run(11...12)] }
        guard await receipt(of: 3, opened) else { return await opened.close() }
        await expectBase(base, opened)
        await opened.close()
        let again = try await open()
        let found = again.store.recover()
        expect(
            found.base == base && found.trimmed == 8 && found.committed == 8
                && found.checkpoint == base.checkpoint && found.promised == base.ballot,
            "after an opening the base is another one"
        )
        expect(found.accepted == Self.behind, "after an opening other rows lie behind the base")
        await expectBase(base, again)
        again.submit(4) { rows in
            rows.committed = 12
            rows.checkpoint = Checkpoint(slot: 12, digest: .empty, state: LogState())
            rows.trimmed = 11
        }
        _ = await receipt(of: 4, again)
        await expectPage(Rows.rows(of: Rows.run(12...12)), of: again, 12...12)
        await again.close()
    }

    private static var behind: [AcceptedEntry] {
        Rows.rows(of: Rows.run(7...10)).filter { $0.slot > 8 } + Rows.rows(of: Rows.run(11...12))
    }

    private static func base(of membership: Membership) -> Base {
        var state = LogState()
        state.consume(Token(node: 3, boot: Boot(7), sequence: 5))
        return Base(
            slot: 8,
            ballot: Ballot(round: 5, node: 2),
            membership: membership,
            membershipSlot: .zero,
            state: state,
            prefix: PrefixDigest(77),
            digest: 78
        )
    }

    private func expectBase(_ base: Base, _ opened: OpenedStore) async {
        for slots in [1...12, 3...3, 8...8] as [ClosedRange<Slot>] {
            let result = await opened.read(slots, maxBytes: 1 << 20)
            let isSaid = result == .failure(.trimmed(through: 8, base: base))
            expect(isSaid, "\(slots) lies below a base and reads as \(result)")
        }
        await expectPage(Self.behind, of: opened, 9...12)
    }
}
