@testable import PaxosCore
import Testing

/// What the members were made with is compared before anything else of them counts (`R82`).
@Suite struct AgreementTests {
    private static func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        change(&limits)
        return limits
    }

    /// Every field by itself, by its name, and with both values.
    @Test func everyFieldIsCompared() throws {
        let own = Identities.terms()
        #expect(own.differences(from: own).isEmpty)
        let others: [(String, Terms)] = [
            ("members", Identities.terms([1, 2])),
            (
                "quorum",
                Terms(
                    founding: try Membership([1, 2, 3], quorum: .sized(phase1: 3, phase2: 1)),
                    shape: own.shape
                )
            ),
            ("maxPayloadBytes", Identities.terms(limits: Self.limits { $0.maxPayloadBytes += 1 })),
            ("pageBytes", Identities.terms(limits: Self.limits { $0.pageBytes += 1 })),
        ]
        for (field, other) in others {
            let differences = own.differences(from: other)
            #expect(differences.map(\.field) == [field])
            #expect(differences.allSatisfy { $0.here != $0.there })
        }
        let slots = Identities.terms(limits: Self.limits { $0.pipelineSlots += 2 })
        #expect(own.differences(from: slots).map(\.field) == ["maxBatchEntries", "pipelineSlots"])
        let bytes = Identities.terms(limits: Self.limits { $0.pipelineBytes += 2 })
        #expect(own.differences(from: bytes).map(\.field) == ["maxBatchBytes", "pipelineBytes"])
        let list = own.differences(from: Identities.terms([1, 2]))
        #expect(list.map(\.description) == ["members is 1,2,3 here and 1,2 there"])
        let later = Terms(
            founding: own.founding,
            era: 1,
            newest: own.newest,
            membership: own.membership,
            shape: own.shape
        )
        #expect(own.differences(from: later).map(\.field) == ["era"])
        // Lists that have become the same since.
        let foreign = Terms(
            founding: own.founding &+ 1,
            era: 0,
            newest: Slot(rawValue: 9),
            membership: own.membership,
            shape: own.shape
        )
        #expect(own.differences(from: foreign).map(\.field) == ["founding"])
    }

    /// The published test vectors, for inputs of whole words.
    @Test func theHashIsSipHash() {
        let words: [UInt64] = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]
        let expected: [UInt64] = [
            0x726f_db47_dd0e_0e31, 0x93f5_f579_9a93_2462, 0x3f2a_cc7f_57c2_9bdb,
        ]
        for count in 0...2 {
            var hash = SipHash(key: (words[0], words[1]))
            for word in words.prefix(count) { hash.absorb(word) }
            #expect(hash.finish() == expected[count])
        }
    }

    /// Who was made with other terms is not met, asks in vain, and both ends know what differs.
    @Test func whoWasMadeOtherwiseIsNotMet() throws {
        let member = OneMember(members: [1, 2, 3], isMet: false)
        try member.step()
        let own = Identities.identity(of: 1).presence
        let other = Immediate.hello(
            Hello(asks: true, holds: own, terms: Identities.terms([2, 3, 1, 4]))
        )
        let said = try member.hear(2, at: 1, other)
        #expect(said.rows == nil)
        let answer = Immediate.hello(Hello(asks: false, holds: nil))
        #expect(said.immediate == [Addressed(destination: 2, body: answer)])
        try member.hear(3, at: 1, .hello(Hello(asks: true, holds: own)))
        #expect(member.store.disk.peers.isEmpty && member.store.waiting == 0)
        let status = member.core.status
        #expect(status.disagreements.map(\.node) == [2])
        #expect(
            status.disagreements.map(\.description)
                == ["node 2: members is 1,2,3 here and 1,2,3,4 there"]
        )
        #expect(status.counters.disagreeing == 1 && status.counters.total == 1)
        // Put right: met, and not shown any more.
        let met = try member.hear(2, at: 2, .hello(Hello(asks: true, holds: own)))
        #expect(met.rows?.peers.count == 2)
        #expect(member.core.status.disagreements.isEmpty)
    }

    /// Who is on no list here may have the list that is right.
    @Test func aStrangerWithAnotherListIsShownFor5Seconds() throws {
        let member = OneMember(members: [1, 2, 3])
        let hello = Immediate.hello(
            Hello(asks: true, holds: nil, terms: Identities.terms([1, 4, 5]))
        )
        #expect(try member.hear(4, at: 1, hello).immediate.map(\.destination) == [4])
        #expect(member.core.status.disagreements.map(\.node) == [4])
        #expect(try member.hear(5, .hello(Hello(asks: true, holds: nil))).messages.isEmpty)
        #expect(member.core.status.counters.foreign == 1, "on no list, and none differs")
        try member.step(at: 1 + Disagreements.shown)
        #expect(member.core.status.disagreements.map(\.node) == [4])
        try member.step(at: 2 + Disagreements.shown)
        #expect(member.core.status.disagreements.isEmpty)
    }

    /// Nothing else wakes it, and its account stays as it was.
    @Test func aMemberAloneWakesToForgetAStranger() throws {
        let member = OneMember(members: [1])
        try member.step()
        let hello = Immediate.hello(
            Hello(asks: true, holds: nil, terms: Identities.terms([1, 4, 5]))
        )
        try member.hear(4, at: 1, hello)
        #expect(member.core.nextDeadline <= Tick(2 + Disagreements.shown))
        try member.step(at: 2 + Disagreements.shown)
        #expect(member.core.status.disagreements.isEmpty)
        #expect(member.core.nextDeadline > Tick(2 + Disagreements.shown))
    }

    /// A process that has not said what it was made with moves nothing, and is asked for it, not for every
    /// message.
    @Test func nothingCountsBeforeTheTerms() throws {
        let peers = [2, 3].map { Identities.record(of: $0) }
        let disk = TestDisk(members: [1, 2, 3], peers: peers)
        let member = OneMember(disk: disk, members: [1, 2, 3], isMet: false)
        member.core = NodeCore(
            recovered: member.store.open(),
            limits: Limits(),
            seed: 1
        )
        try member.step()
        let request = Immediate.statusRequest(StatusRequest(id: 1))
        let asked = Addressed(
            destination: 2,
            body: Immediate.hello(Hello(asks: true, holds: Identities.identity(of: 2).presence))
        )
        #expect(try member.hear(2, at: 1, request, request).immediate == [asked])
        #expect(try member.hear(2, at: 5, request).messages.isEmpty)
        #expect(try member.hear(2, at: 6, request).immediate == [asked])
        let prepare = Prepare(ballot: Ballot(round: 1, node: 2))
        #expect(try member.hear(2, at: 7, .prepare(prepare)).rows == nil)
        try member.hear(2, at: 8, .hello(Hello(asks: false, holds: nil)))
        #expect(try member.hear(2, at: 9, request).immediate.count == 1)
        #expect(try member.hear(2, at: 9, .prepare(prepare)).rows?.promised == prepare.ballot)
        // Another process of the same peer is another one to be asked.
        let limits = Self.limits { $0.pageBytes += 1 }
        let other = Envelope(
            sender: Identities.identity(of: 2, boot: 2, nonce: 9),
            destination: 1,
            message: .immediate(
                .hello(Hello(asks: false, holds: nil, terms: Identities.terms(limits: limits)))
            )
        )
        #expect(try member.step(at: 10) { $0.messages = [other] }.rows == nil)
        #expect(member.core.status.disagreements.map(\.node) == [2])
    }
}
