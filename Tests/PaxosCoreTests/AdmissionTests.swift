@testable import PaxosCore
import Testing

/// Whose messages count.
@Suite struct AdmissionTests {
    private static func admission(met: [NodeID] = [2, 3]) -> Admission {
        Admission(
            identity: Identities.identity(of: 1),
            membership: Identities.membership([1, 2, 3]),
            recovered: met.map { Identities.record(of: $0) }
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
                message: .immediate(.hello(Hello(asks: false)))
            ),
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
                            : boot == 2 ? .held : nonce == 1 ? .admitted : .refused(.twin)
                    #expect(answer.verdict == expected, "\(boot) \(nonce) \(isKnown)")
                    let record = Identities.record(of: 2, boot: boot, nonce: nonce)
                    #expect(answer.rows.peers == (expected == .held ? [record] : []))
                }
            }
        }
    }

    /// A later boot counts once it is on disk, and not for the receipt of an earlier one (`R37`).
    @Test func aLaterBootIsHeldUntilItIsDurable() {
        var admission = Self.admission()
        let second = Identities.identity(of: 2, boot: 2, nonce: 5)
        let third = Identities.identity(of: 2, boot: 3, nonce: 6)
        #expect(Self.admit(&admission, second).verdict == .held)
        #expect(Self.admit(&admission, second).rows.peers.isEmpty, "written once")
        #expect(Self.admit(&admission, third).verdict == .held)
        admission.markDurable([Identities.record(of: 2, boot: 2, nonce: 5)])
        #expect(Self.admit(&admission, third).verdict == .held)
        #expect(Self.admit(&admission, second).verdict == .refused(.rolledBack))
        admission.markDurable([Identities.record(of: 2, boot: 3, nonce: 6)])
        #expect(Self.admit(&admission, third).verdict == .admitted)
        #expect(
            Self.admit(&admission, Identities.identity(of: 2, boot: 3, nonce: 7)).verdict
                == .refused(.twin)
        )
    }

    /// Nothing is written before all founders are met; then all of them at once; and nobody counts before
    /// that is on disk (`R75`).
    @Test func theRosterIsWrittenWholeAndFirst() {
        var admission = Self.admission(met: [])
        #expect(admission.unmet == [2, 3])
        var output = Output()
        admission.meet(Identities.identity(of: 2), output: &output)
        #expect(output.rows.peers.isEmpty)
        #expect(admission.unmet == [3])
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .held)
        // Formatted again before all had met: the directory met first is the founder.
        let wiped = Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1))
        admission.meet(wiped, output: &output)
        admission.meet(Identities.identity(of: 9), output: &output)
        admission.meet(Identities.identity(of: 3), output: &output)
        #expect(output.rows.peers == [Identities.record(of: 2), Identities.record(of: 3)])
        #expect(admission.unmet.isEmpty)
        #expect(!admission.isEstablished)
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .held)
        admission.markDurable([Identities.record(of: 2)])
        #expect(!admission.isEstablished)
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .held)
        admission.markDurable([Identities.record(of: 3)])
        #expect(admission.isEstablished)
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .admitted)
        #expect(Self.admit(&admission, wiped).verdict == .refused(.otherIncarnation), "R36")
    }

    /// A meeting teaches a member's directory once: a wiped one does not come back by saying hello.
    @Test func aMeetingTeachesOnce() {
        var admission = Self.admission()
        var output = Output()
        let wiped = Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1))
        admission.meet(wiped, output: &output)
        #expect(output.rows == WriteRows())
        #expect(Self.admit(&admission, wiped).verdict == .refused(.otherIncarnation))
        #expect(Self.admit(&admission, Identities.identity(of: 2)).verdict == .admitted)
    }
}
