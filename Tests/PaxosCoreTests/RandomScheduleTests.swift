import Testing

/// Random schedules of one member over a store that crashes, fails and fills.
@Suite struct RandomScheduleTests {
    @Test func everyInvariantHoldsInRandomSchedules() {
        for seed in UInt64(1)...80 {
            if let failure = Self.run(seed: seed, steps: 150) {
                Issue.record("\(failure)")
                return
            }
        }
    }

    /// Without its ends a boot grows old: long pipelines, many checkpoints.
    @Test func everyInvariantHoldsWithoutEnds() {
        for seed in UInt64(1000)...1005 {
            if let failure = Self.run(
                seed: seed,
                steps: 400,
                disabled: [.close, .crash, .fail, .rot]
            ) {
                Issue.record("\(failure)")
                return
            }
        }
    }

    /// Runs a schedule; one that fails is run again without each kind of action, to name those that the
    /// failure needs.
    private static func run(
        seed: UInt64,
        steps: Int,
        disabled: [World.Action] = []
    ) -> String? {
        guard var failure = attempt(seed: seed, steps: steps, disabled: disabled)
        else { return nil }
        var needless = disabled
        for action in World.Action.allCases where !needless.contains(action) {
            guard
                let smaller = attempt(seed: seed, steps: steps, disabled: needless + [action])
            else { continue }
            needless.append(action)
            failure = smaller
        }
        let needed = World.Action.allCases.filter { !needless.contains($0) }
        return "seed \(seed), \(failure); needs \(needed)"
    }

    private static func attempt(
        seed: UInt64,
        steps: Int,
        disabled: [World.Action]
    ) -> String? {
        var done = 0
        do {
            let world = try World(seed: seed, disabled: disabled)
            defer { done = world.steps }
            try world.run(steps: steps)
            return nil
        } catch {
            return "step \(done): \(error)"
        }
    }
}
