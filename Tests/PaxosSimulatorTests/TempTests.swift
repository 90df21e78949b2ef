import PaxosSimulator
import Testing
@Suite struct TempTests {
    @Test func temp() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for m in [Mutant.baseBeforeSnapshot, .snapshotNamedUnflushed] {
                    for first in [1, 101, 201] as [UInt64] {
                        let q = MutantCheck.run(m, from: first, members: first == 101 ? 5 : 3); print("MUTANT", q)
                    }
                }
            }
            group.addTask {
                var (b, s, h, v) = (0, 0, 0, 0)
                for seed in 1000...1400 as ClosedRange<UInt64> {
                    let r = Simulation.run(seed: seed, members: seed.isMultiple(of: 2) ? 3 : 5, steps: 2_000)
                    b += r.basesTaken; s += r.snapshotsTaken; h += r.hostsRestored
                    if let x = r.violation { v += 1; print("SEED", seed, x) }
                }
                print("RESULT bases", b, "snapshots", s, "restored", h, "violations", v)
            }
        }
    }
}
