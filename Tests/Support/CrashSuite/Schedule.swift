import NodeProcesses
import PaxosSimulator

/// What goes wrong, for how long.
enum Fault: Hashable, Sendable {
    /// Who it happens to: a member by its place, or whoever leads at that moment.
    enum Target: Hashable, Sendable {
        case member(Int)
        case leader
    }

    /// Which links between members.
    enum Cut: Hashable, Sendable {
        /// All to and from one.
        case around(Target)
        /// From one to another, and not back.
        case oneWay(from: Int, to: Int)
        /// Both ways between two.
        case between(Int, Int)
    }

    case kill(Target)
    case killAll
    /// SIGTERM.
    case terminate(Target)
    /// SIGSTOP.
    case pause(Target)
    case link(LinkFault, Cut)
    case fillDisk
    /// The process is started again with a disk that fails its n-th flush from then.
    case failFlush(Target, nth: Int)

    /// For the summary, and to leave kinds out.
    var kind: String {
        switch self {
        case .kill: "kill"
        case .killAll: "kill-all"
        case .terminate: "terminate"
        case .pause: "pause"
        case .link(let fault, let cut):
            if case .oneWay = cut { "one-way-\(fault.name)" } else { fault.name }
        case .fillDisk: "fill-disk"
        case .failFlush: "fail-flush"
        }
    }
}

/// Everything that will go wrong, drawn from a seed before anything runs: the same seed, the same
/// schedule.
struct Schedule: Sendable {
    struct Step: Sendable {
        /// Milliseconds from the begin.
        let begin: Int
        let end: Int
        let fault: Fault
    }

    private(set) var steps: [Step] = []

    /// The names that `--faults` knows: a kind belongs to the first that it begins with or contains.
    static let groups = ["kill", "terminate", "pause", "links", "fill-disk", "fail-flush"]

    init(seed: UInt64, members: Int, milliseconds: Int, groups: [String]) {
        var generator = SeededGenerator(seed: seed)
        var now = generator.within(500...1_500)
        while now < milliseconds {
            if let fault = Self.draw(&generator, members: members, groups) {
                let lasts = generator.within(200...2_500)
                steps.append(Step(begin: now, end: min(now + lasts, milliseconds), fault: fault))
            }
            now += generator.within(100...1_400)
        }
    }

    private static func draw(
        _ generator: inout SeededGenerator,
        members: Int,
        _ groups: [String]
    ) -> Fault? {
        let target =
            generator.oneIn(3) ? Fault.Target.leader : .member(generator.below(members))
        switch generator.pick(groups) {
        case "kill": return generator.oneIn(6) ? .killAll : .kill(target)
        case "terminate": return .terminate(target)
        case "pause": return .pause(target)
        case "links":
            let from = generator.below(members)
            let to = (from + generator.within(1...members - 1)) % members
            let cuts: [Fault.Cut] = [
                .around(target), .oneWay(from: from, to: to), .between(from, to),
            ]
            guard let fault = generator.pick(LinkFault.allCases),
                let cut = generator.pick(cuts)
            else { return nil }
            return .link(fault, cut)
        case "fill-disk": return .fillDisk
        case "fail-flush": return .failFlush(target, nth: generator.within(3...200))
        default: return nil
        }
    }
}
