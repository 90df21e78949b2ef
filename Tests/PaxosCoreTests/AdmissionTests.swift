@testable import PaxosCore
import Testing

/// Whose messages count.
@Suite struct AdmissionTests {
    private static func admission(met: [NodeID] = [2, 3]) -> Admission {
        Admission(
            identity: Identities.identity(of: 1),
            terms: Identities.terms(),
            recovered: Identities.recovered(
                of: [1, 2, 3],
                met: met.map { Identities.record(of: $0) }
            )
        )
    }

    private static func admit(
        _ admission: inout Admission,
        _ sender: NodeIdentity,
        to destination: NodeID = 1
    ) -> (verdict: Admission.Verdict, rows: WriteRows) {
        var output = Output()
        let verdict = admission.admit(
            Envelope(
                sender: sender,
                destination: destination,
                message: .immediate(.hello(Hello(asks: false, holds: nil)))
            ),
            at: .zero,
            output: &output
        )
        return (verdict, output.rows)
    }

    /// Cluster, destination and membership come first; none of it is written (`R65`).
    @Test func strangersAreForeign() {
        var admission = Self.admission()
        let other = Identities.cluster("other")
        let foreign = [
            Self.admit(&admission, Identities.identity(of: 2, cluster: other)),
            Self.admit(&admission, Identities.identity(of: 9)),
            Self.admit(&admission, Identities.identity(of: 1)),
            Self.admit(&admission, Identities.identity(of: 2), to: 3),
        ]
        for answer in foreign {
            #expect(answer.verdict == .foreign)
            #expect(answer.rows == WriteRows())
        }
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .admitted)
    }

    /// Every incarnation, boot and nonce against the one that is known.
    @Test func theHeadIsComparedWithTheRecord() {
        for boot in 0...2 as ClosedRange<UInt64> {
            for nonce in 1...2 as ClosedRange<UInt64> {
                for isKnown in [true, false] {
                    var admission = Self.admission()
                    let answer = Self.admit(
                        &admission,
                        Identities.identity(
                            of: 2,
                            incarnation: isKnown ? nil : Incarnation(high: 0, low: 0),
                            boot: boot,
                            nonce: nonce
                        )
                    )
                    let expected: Admission.Verdict =
                        !isKnown
                        ? .refused(.otherIncarnation)
                        : boot == 0
                            ? .refused(.rolledBack)
                            : boot == 2
                                ? .newcomer(isProven: false)
                                : nonce == 1 ? .admitted : .refused(.twin)
                    #expect(answer.verdict == expected, "\(boot) \(nonce) \(isKnown)")
                    #expect(answer.rows.peers.isEmpty)
                }
            }
        }
    }

    /// What node 1's first process is to a peer that holds it.
    private static let own = Identities.identity(of: 1).presence

    @discardableResult
    private static func meet(
        _ admission: inout Admission,
        _ sender: NodeIdentity,
        holds: Presence? = nil
    ) -> [PeerRecord] {
        var output = Output()
        let hello = Hello(asks: false, holds: holds)
        admission.meet(.hello(sender, hello), hello, output: &output)
        return output.rows.peers
    }

    private static func fresh(_ peers: [PeerRecord]) -> Admission {
        Admission(
            identity: Identities.identity(of: 1),
            terms: Identities.terms(),
            recovered: Identities.recovered(of: [1, 2, 3], met: peers)
        )
    }

    /// Nothing is written before all founders are met; then all of them at once; and nobody counts before
    /// that is on disk (`R75`).
    @Test func theRosterIsWrittenWholeAndFirst() {
        var admission = Self.admission(met: [])
        #expect(admission.sought == [2, 3])
        #expect(Self.meet(&admission, Identities.identity(of: 2), holds: Self.own).isEmpty)
        #expect(admission.sought == [3])
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .held)
        // Formatted again before all had met: the directory met first is the founder.
        let wiped = Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1))
        #expect(Self.meet(&admission, wiped).isEmpty)
        #expect(Self.meet(&admission, Identities.identity(of: 9)).isEmpty)
        let roster = [2, 3].map { Identities.record(of: $0, isMutual: false) }
        #expect(Self.meet(&admission, Identities.identity(of: 3)) == roster)
        #expect(admission.holds(2) == nil, "it is not on disk yet")
        _ = admission.markDurable([roster[0]])
        #expect(!admission.isComplete)
        _ = admission.markDurable([roster[1]])
        #expect(admission.isComplete)
        #expect(admission.holds(2) == Identities.identity(of: 2).presence)
        #expect(!admission.isEstablished)
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .held)
        #expect(Self.admit(&admission, wiped).verdict == .refused(.otherIncarnation), "R36")
    }

    /// A complete roster is half of a meeting: each peer must hold this node too, and that on disk (`R75`).
    @Test func everyPeerMustHoldThisNode() {
        var admission = Self.fresh([2, 3].map { Identities.record(of: $0, isMutual: false) })
        #expect(admission.isComplete && !admission.isEstablished)
        #expect(admission.sought == [2, 3])
        for node in [2, 3] as [NodeID] {
            let peer = Identities.identity(of: node)
            #expect(Self.meet(&admission, peer, holds: Self.own) == [Identities.record(of: node)])
            #expect(Self.meet(&admission, peer, holds: Self.own).isEmpty, "written once")
            #expect(!admission.isEstablished)
            _ = admission.markDurable([Identities.record(of: node)])
        }
        #expect(admission.sought.isEmpty)
        #expect(admission.isEstablished)
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .admitted)
        // A restart needs nobody; one before the last peer goes on with that one.
        #expect(Self.admission().isEstablished)
        let rest = Self.fresh([Identities.record(of: 2), Identities.record(of: 3, isMutual: false)])
        #expect(rest.sought == [3] && !rest.isEstablished)
    }

    /// Who says that it holds this process hands back what it was told by it.
    @Test func whatWasNotToldConfirmsNothing() {
        var admission = Self.fresh([2, 3].map { Identities.record(of: $0, isMutual: false) })
        let hello = Hello(asks: false, holds: Self.own)
        let told = Identities.claim(of: 3)
        for claim in [(.none, 0), (WriteNumber(1), 7), told] as [(WriteNumber, UInt64)] {
            var output = Output()
            let envelope = Envelope(
                sender: Identities.identity(of: 2),
                destination: 1,
                claim: claim,
                message: .immediate(.hello(hello))
            )
            admission.meet(envelope, hello, output: &output)
            #expect(output.rows.peers.isEmpty)
        }
    }

    /// Whoever holds another directory or another process of this node, or nobody, confirms nothing; nor does
    /// another process of the peer than the one that is known.
    @Test func onlyThisProcessIsConfirmed() {
        let others = [
            nil, Identities.identity(of: 1, incarnation: Incarnation(high: 0, low: 1)).presence,
            Identities.identity(of: 1, boot: 2).presence,
            Identities.identity(of: 1, nonce: 2).presence,
        ]
        var admission = Self.fresh([2, 3].map { Identities.record(of: $0, isMutual: false) })
        for other in others {
            #expect(Self.meet(&admission, Identities.identity(of: 2), holds: other).isEmpty)
        }
        let strangers = [
            Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1)),
            Identities.identity(of: 2, boot: 2), Identities.identity(of: 2, nonce: 2),
            Identities.identity(of: 9),
        ]
        for stranger in strangers {
            #expect(Self.meet(&admission, stranger, holds: Self.own).isEmpty)
        }
        #expect(admission.sought == [2, 3])
    }

    /// A cluster of one member has nobody to meet.
    @Test func aLoneMemberIsEstablished() {
        let admission = Admission(
            identity: Identities.identity(of: 1),
            terms: Identities.terms([1]),
            recovered: Identities.recovered()
        )
        #expect(admission.isEstablished && admission.sought.isEmpty)
    }

    /// A meeting teaches a member's directory once: a wiped one does not come back by saying hello.
    @Test func aMeetingTeachesOnce() {
        var admission = Self.admission()
        let wiped = Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1))
        #expect(Self.meet(&admission, wiped, holds: Self.own).isEmpty)
        #expect(Self.admit(&admission, wiped).verdict == .refused(.otherIncarnation))
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .admitted)
    }
}
