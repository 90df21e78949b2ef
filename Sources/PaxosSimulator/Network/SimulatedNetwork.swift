import PaxosCore

/// The links between processes: each direction of each pair is a link of its own.
struct SimulatedNetwork {
    private struct Link {
        /// By lane: how many partitions cut it now.
        var cuts = [0, 0]
        /// By lane: what is sent before arrives no sooner.
        var resumes = [Moment.zero, Moment.zero]
        /// Extra moments on the way, while a fault lasts.
        var slowness = 0
        /// Moments on the way that nothing takes away.
        var latency = 0
        /// By lane: until when it carries what stands in its queue, and when the last of that arrives.
        var lanes = [Queue(), Queue()]
        /// What is on its way and large, in the order of sending.
        var bulk: [Cargo] = []
    }

    private struct Queue {
        var empties = Moment.zero
        var lastArrival = Moment.zero
    }

    /// A fault that lasts until it is healed: the links it changed.
    struct Cut {
        let links: [Int]
        let lanes: [Lane]
        let slowness: Int
    }

    let width: Int
    private let longestQueue: Int
    private var links: [Link]
    private var cuts: [Cut?] = []

    /// - Parameter longestQueue: In ticks.
    init(width: Int, longestQueue: Int) {
        self.width = width
        self.longestQueue = longestQueue
        links = Array(repeating: Link(), count: width * width)
    }

    func isCut(_ lane: Lane, from sender: Int, to receiver: Int) -> Bool {
        links[sender * width + receiver].cuts[lane.place] > 0
    }

    /// When a lane that stands still carries on.
    func resumes(_ lane: Lane, over link: Int) -> Moment { links[link].resumes[lane.place] }

    func slowness(from sender: Int, to receiver: Int) -> Int {
        let link = links[sender * width + receiver]
        return link.slowness + link.latency
    }

    /// Draws how long the way between each two nodes is.
    mutating func drawLatencies(_ range: ClosedRange<Int>, random: inout SeededGenerator) {
        for one in 0..<width {
            for other in 0..<one {
                let latency = random.within(range)
                links[one * width + other].latency = latency
                links[other * width + one].latency = latency
            }
        }
    }

    func link(from sender: Int, to receiver: Int) -> Int { sender * width + receiver }

    /// Cuts links, or one lane of them, or slows them down, and returns the number to heal them by.
    mutating func impair(
        _ impaired: [Int],
        _ lanes: [Lane] = Lane.allCases,
        slowness: Int = 0
    ) -> Int {
        let cut = Cut(links: impaired, lanes: lanes, slowness: slowness)
        change(cut, by: 1)
        cuts.append(cut)
        return cuts.count - 1
    }

    /// Lets one lane of links hold what it is given, until the moment.
    mutating func stall(_ stalled: [Int], _ lane: Lane, until moment: Moment) {
        for link in stalled {
            links[link].resumes[lane.place] = max(links[link].resumes[lane.place], moment)
        }
    }

    mutating func heal(_ number: Int) {
        guard let cut = cuts[number].take() else { return }
        change(cut, by: -1)
    }

    private mutating func change(_ cut: Cut, by sign: Int) {
        for link in cut.links {
            links[link].slowness += sign * cut.slowness
            guard cut.slowness == 0 else { continue }
            for lane in cut.lanes { links[link].cuts[lane.place] += sign }
        }
    }

    /// When so many bytes arrive that are sent now, behind what their lane carries already; `nil` if the
    /// queue before it has no room. Lanes keep their order and do not wait for each other.
    mutating func carry(
        _ envelope: Envelope,
        over link: Int,
        bytesPerTick: Int,
        delay: Int,
        at now: Moment
    ) -> Moment? {
        let lane = envelope.lane.place
        var queue = links[link].lanes[lane]
        let begins = max(now, queue.empties)
        guard begins < now.advanced(byTicks: longestQueue) else { return nil }
        let time = max(1, envelope.byteCount * Int(Moment.perTick) / bytesPerTick)
        queue.empties = begins.advanced(by: time)
        let arrival = max(queue.empties.advanced(by: delay), links[link].resumes[lane])
        queue.lastArrival = max(queue.lastArrival, arrival)
        links[link].lanes[lane] = queue
        return queue.lastArrival
    }

    /// Notes what is on its way over a link, and returns what of it was so already.
    mutating func load(_ cargo: Cargo, over link: Int) -> Cargo? {
        let earlier = links[link].bulk.first { $0.overlaps(cargo) }
        links[link].bulk.append(cargo)
        return earlier
    }

    mutating func unload(_ message: Message, from link: Int) {
        guard let cargo = Cargo(message),
            let place = links[link].bulk.firstIndex(where: {
                $0.kind == cargo.kind && $0.slots == cargo.slots
            })
        else { return }
        links[link].bulk.remove(at: place)
    }

    mutating func healAll() {
        for number in cuts.indices { heal(number) }
        for link in links.indices { links[link].resumes = [.zero, .zero] }
    }
}

extension Lane {
    fileprivate var place: Int { self == .liveness ? 0 : 1 }
}
