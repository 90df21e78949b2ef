import Foundation
import NodeProcesses
import Platform
import ReplicatedLog
import TestSupport
import Testing

/// How long a follower is held.
private let heldSeconds =
    ProcessInfo.processInfo.environment["RLOG_HELD_SECONDS"].flatMap(Double.init) ?? 0

extension TrioTests {
    /// A follower that is stopped, or that nothing reaches, while the others work at full load. It is held for
    /// as many seconds as `RLOG_HELD_SECONDS` says: what it measures is a machine that does nothing else.
    @Suite(.enabled(if: heldSeconds > 0)) struct HeldFollowerTests {
        private static let outstanding = 256
        private static let payloadBytes = 4_096

        enum Hold: CaseIterable, Sendable {
            case stopped
            case unreachable
        }

        private struct Held {
            let trio: Trio
            let place: Int
            let hold: Hold

            func begin() throws {
                switch hold {
                case .stopped: try #require(trio[place].stop())
                case .unreachable:
                    let links = (0..<3).filter { $0 != place }.flatMap { other in
                        [Links.Link(from: place, to: other), Links.Link(from: other, to: place)]
                    }
                    trio.links?.set(.blackHole, on: links, key: 1)
                }
            }

            func end() {
                switch hold {
                case .stopped: trio[place].signal(SIGCONT)
                case .unreachable: trio.links?.heal(key: 1)
                }
            }

            /// Whether it has what the leader had committed when it was asked.
            func hasCaughtUp(with leader: Int) -> Bool {
                guard let end = trio[leader].ask("status", atMost: .seconds(2))?.committedSlot,
                    let own = trio[place].ask("status", atMost: .seconds(2))?.deliveredSlot
                else { return false }
                return own >= end
            }
        }

        @Test(arguments: Hold.allCases)
        func theLeaderKeepsItsMemoryAndItsPace(_ hold: Hold) async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, election: 2_000, hasLinks: hold == .unreachable)
                #expect(trio[0].ask("append", #","payload":"first""#) != nil)
                let leader = try #require(trio.leader())
                let ballot = trio[leader].ask("status")?.ballot
                let held = Held(trio: trio, place: (leader + 1) % 3, hold: hold)
                let load = Load(
                    trio,
                    on: [leader],
                    outstanding: Self.outstanding,
                    payloadBytes: Self.payloadBytes
                )
                _ = load.rate { $0 < 2 }
                let before = load.rate { $0 < 3 }
                let memory = try #require(trio[leader].anonymousResidentBytes)
                var peak = memory
                func sample() { peak = max(peak, trio[leader].anonymousResidentBytes ?? .max) }

                try held.begin()
                let during = load.rate { seconds in
                    sample()
                    return seconds < heldSeconds
                }
                held.end()
                let end = MonotonicClock.now()
                var caughtUp: Double?
                let meanwhile = load.rate { seconds in
                    sample()
                    if caughtUp == nil, held.hasCaughtUp(with: leader) {
                        caughtUp = end.secondsAgo
                    }
                    return seconds < 60 && (caughtUp == nil || seconds < 1)
                }
                let after = load.rate { $0 < 3 }
                print(
                    """
                    follower \(hold) for \(heldSeconds) s: appends a second before \(Int(before)), \
                    meanwhile \(Int(during)), catching up \(Int(meanwhile)) for \(caughtUp ?? .nan) s, \
                    after \(Int(after)); leader's memory \(memory >> 20) MiB before, \
                    \(peak >> 20) MiB at most
                    """
                )
                #expect(caughtUp != nil)
                let limits = Limits()
                #expect(peak <= UInt64(limits.memoryBytes(members: 3)))
                // What one peer may take, and half as much for what the allocator keeps.
                let share = UInt64(2 * limits.pipelineBytes + 2 * limits.pageBytes) / 2 * 3
                #expect(peak - memory <= share, "grown by \(peak - memory) bytes")
                // The machine has other things to do, before or after.
                #expect(meanwhile >= min(before, after) / 2)
                #expect(trio[leader].ask("status")?.ballot == ballot, "another leader")
                #expect(load.stop())
                trio.end()
            }
        }
    }
}
