import PaxosSimulator
import Testing

@Suite struct SimulationTests {
    @Test func fixedSeedsHold() {
        for seed in UInt64(1)...20 {
            let report = Simulation.run(seed: seed)
            #expect(report.violation == nil, "\(report)")
        }
    }
}
