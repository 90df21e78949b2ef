@testable import PaxosCore

/// One message of every kind, and of the forms that their bytes distinguish, by the name of its golden
/// file.
enum Samples {
    static let sender = NodeIdentity(
        cluster: cluster("orders"),
        node: 2,
        incarnation: Incarnation(high: 0x0102_0304_0506_0708, low: 0x1112_1314_1516_1718),
        boot: Boot(3),
        nonce: Nonce(0xABCD_EF01_2345_6789)
    )

    static let ballot = Ballot(round: 7, node: 2)
    static let lower = Ballot(round: 5, node: 3)
    static let token = Token(node: 3, boot: Boot(4), sequence: 1_000)

    static func cluster(_ name: String) -> ClusterID {
        do {
            return try ClusterID(name)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    static func membership(_ members: [NodeID], _ quorum: QuorumRule = .majority) -> Membership {
        do {
            return try Membership(members, quorum: quorum)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    static let entries: [Entry] = [
        .command(Command(token: token, payload: Array("hello".utf8))),
        .command(Command(token: token, index: 1, count: 2, payload: [])),
        .noop,
        .membership(membership([1, 2, 3, 4], .sized(phase1: 3, phase2: 2))),
        .void(token),
        .command(Command(token: token, at: 105, payload: [7])),
    ]

    static let rows: [AcceptedEntry] = entries.enumerated().map { index, entry in
        AcceptedEntry(
            slot: Slot(rawValue: 100 + UInt64(index)),
            ballot: index == 2 ? .zero : lower,
            entry: entry,
            isChosen: index == 1
        )
    }

    static let messages: [(name: String, message: Message)] =
        meetingAndLiveness + phases + learningAndForwarding + probes

    static let terms = Terms(founding: membership([1, 2, 3]), shape: Limits().shape)

    static let openings = [(8, 40), (9, 0x1_0000_0002)].map { (boot: UInt64, write: UInt64) in
        Opening(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(0xAB00 + boot)),
            write: WriteNumber(write)
        )
    }

    static let rolledBack = RolledBack(witness: 3, cause: .laterWrite)

    static func hello(
        asks: Bool,
        holds: Presence? = nil,
        proof: Proof? = nil
    ) -> Message {
        .immediate(.hello(Hello(asks: asks, holds: holds, terms: terms, proof: proof)))
    }

    private static let holds = Presence(
        incarnation: Incarnation(high: 0x2122_2324_2526_2728, low: 0x3132_3334_3536_3738),
        process: ProcessID(boot: Boot(4), nonce: Nonce(0xFEDC))
    )

    private static let meetingAndLiveness: [(String, Message)] = [
        ("hello", hello(asks: true)),
        (
            "hello-holds",
            hello(
                asks: false,
                holds: holds,
                proof: Proof(process: holds.process, next: WriteNumber(77))
            )
        ),
        ("refused", .immediate(.refused(Refused(reason: .twin, holds: holds)))),
        ("challenge", .immediate(.challenge(Challenge(id: 0x6162)))),
        ("challenge-answer", .immediate(.challengeAnswer(ChallengeAnswer(id: 0x6162)))),
        ("status-request", .immediate(.statusRequest(StatusRequest(id: 9)))),
        (
            "status-reply",
            .immediate(
                .statusReply(
                    StatusReply(id: 9, leader: lower, promised: ballot, committed: 99, recent: 64)
                )
            )
        ),
        (
            "status-reply-no-leader",
            .immediate(.statusReply(StatusReply(id: 9, leader: nil, promised: .zero, committed: 0)))
        ),
        (
            "heartbeat",
            .immediate(
                .heartbeat(
                    Heartbeat(ballot: ballot, round: 12, committed: 99, floor: 80, slowest: 3)
                )
            )
        ),
        (
            "heartbeat-full",
            .immediate(
                .heartbeat(
                    Heartbeat(
                        ballot: ballot,
                        round: 12,
                        committed: 99,
                        isFull: true,
                        address: Array("n2:80".utf8)
                    )
                )
            )
        ),
        (
            "heartbeat-reply",
            .immediate(
                .heartbeatReply(
                    HeartbeatReply(
                        ballot: lower,
                        round: 12,
                        promised: ballot,
                        committed: 99,
                        floor: 90,
                        priority: .avoid
                    )
                )
            )
        ),
        ("transfer-request", .immediate(.transferRequest(TransferRequest(target: 3, hops: 1)))),
        ("farewell", .immediate(.farewell(Farewell(ballot: ballot)))),
        ("farewell-next", .immediate(.farewell(Farewell(ballot: ballot, successor: 3)))),
    ]

    private static let phases: [(String, Message)] = [
        ("prepare", .statement(.prepare(Prepare(ballot: ballot)))),
        (
            "promise",
            .statement(
                .promise(
                    Promise(ballot: ballot, committed: 99, trimmed: 40, last: 104, recent: 64)
                )
            )
        ),
        ("page-request", .immediate(.pageRequest(PageRequest(ballot: ballot, from: 100)))),
        (
            "page",
            .immediate(.page(PromisePage(ballot: ballot, from: 100, through: 110, rows: rows)))
        ),
        (
            "accept",
            .immediate(
                .accept(
                    Accept(
                        ballot: ballot,
                        run: EntryRun(first: 100, entries: entries),
                        committed: 99
                    )
                )
            )
        ),
        ("accepted", .statement(.accepted(Accepted(ballot: ballot, slots: 100...104)))),
        (
            "reject",
            .immediate(
                .reject(Reject(ballot: lower, promised: ballot, committed: 99, reason: .full))
            )
        ),
        (
            "reject-trimmed",
            .immediate(
                .reject(Reject(ballot: ballot, promised: ballot, committed: 99, reason: .trimmed))
            )
        ),
    ]

    private static let learningAndForwarding: [(String, Message)] = [
        ("commit", .immediate(.commit(CommitNotice(ballot: ballot, committed: 104)))),
        (
            "catch-up-request",
            .immediate(
                .catchUpRequest(CatchUpRequest(slots: 50...99, pages: 2, continues: true))
            )
        ),
        (
            "catch-up",
            .immediate(.catchUp(CatchUp(from: 100, rows: Array(rows.prefix(2)), committed: 104)))
        ),
        (
            "catch-up-trimmed",
            .immediate(.catchUp(CatchUp(from: 30, rows: [], committed: 104, trimmed: 40)))
        ),
        (
            "base-request",
            .immediate(
                .baseRequest(
                    BaseRequest(
                        slot: 40,
                        digest: 7,
                        offset: 300,
                        begun: SnapshotName(slot: 39, digest: 8)
                    )
                )
            )
        ),
        (
            "snapshot-request",
            .immediate(
                .snapshotRequest(
                    SnapshotRequest(name: SnapshotName(slot: 40, digest: 9), offset: 1 << 33)
                )
            )
        ),
        (
            "snapshot-piece",
            .immediate(
                .snapshotPiece(
                    SnapshotPiece(
                        name: SnapshotName(slot: 40, digest: 9),
                        offset: 1 << 33,
                        bytes: [1, 2, 3]
                    )
                )
            )
        ),
        (
            "state-notice",
            .immediate(
                .stateNotice(StateNotice(mark: StateMark(slot: 40, form: 2, digest: 9)))
            )
        ),
        (
            "base-chunk",
            .immediate(
                .baseChunk(
                    BaseChunk(slot: 40, digest: 7, total: 304, offset: 300, bytes: [1, 2, 3])
                )
            )
        ),
        (
            "forward",
            .immediate(.forward(Forward(token: token, payloads: .one([1, 2, 3]), hops: 0)))
        ),
        (
            "forward-batch",
            .immediate(
                .forward(Forward(token: token, payloads: .batch([[1], [], [2, 3]]), hops: 1))
            )
        ),
        (
            "forward-conditional",
            .immediate(
                .forward(Forward(token: token, payloads: .batch([[1], [2]]), hops: 0, at: 105))
            )
        ),
        ("barrier-request", .immediate(.barrierRequest(RemoteBarrierRequest(id: 77)))),
        ("forward-refused", .immediate(.forwardRefused(ForwardRefused(token: token)))),
        ("settle", .immediate(.settle(Settle(token: token, hops: 1)))),
        ("barrier-reply", .immediate(.barrierReply(RemoteBarrierReply(id: 77, slot: 104)))),
    ]

    private static let probes: [(String, Message)] = [
        ("probe-answers", .immediate(.probe(Probe(id: 8, subject: .answers)))),
        ("probe-accepts", .immediate(.probe(Probe(id: 8, subject: .accepts(ballot, 100...104))))),
        ("probe-forwards", .immediate(.probe(Probe(id: 8, subject: .forwards(token, count: 5))))),
        ("probe-reply-answers", .immediate(.probeReply(ProbeReply(id: 8, subject: .answers)))),
        (
            "probe-reply-accepts",
            .immediate(
                .probeReply(ProbeReply(id: 8, subject: .accepts(ballot, missing: 102...104)))
            )
        ),
        (
            "probe-reply-forwards",
            .immediate(.probeReply(ProbeReply(id: 8, subject: .forwards(missing: [3...4, 7...7]))))
        ),
    ]

    static func envelope(_ message: Message, to destination: NodeID = 1) -> Envelope {
        Envelope(sender: sender, destination: destination, message: message)
    }
}
