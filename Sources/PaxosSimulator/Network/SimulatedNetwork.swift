import PaxosCore

/// The links between processes: each direction of each pair is a link of its own.
struct SimulatedNetwork {
    private struct Link {
        /// How many partitions cut it now.
        var cuts = 0
        /// Extra moments on the way.
        var slowness = 0
    }

    /// A fault that lasts until it is healed: the links it changed.
    struct Cut {
        let links: [Int]
        let slowness: Int
    }

    let width: Int
    private var links: [Link]
    private var cuts: [Cut?] = []

    init(width: Int) {
        self.width = width
        links = Array(repeating: Link(), count: width * width)
    }

    func isCut(from sender: Int, to receiver: Int) -> Bool {
        links[sender * width + receiver].cuts > 0
    }

    func slowness(from sender: Int, to receiver: Int) -> Int {
        links[sender * width + receiver].slowness
    }

    func link(from sender: Int, to receiver: Int) -> Int { sender * width + receiver }

    /// Cuts links, or slows them down, and returns the number to heal them by.
    mutating func impair(_ impaired: [Int], slowness: Int = 0) -> Int {
        for link in impaired {
            if slowness > 0 { links[link].slowness += slowness } else { links[link].cuts += 1 }
        }
        cuts.append(Cut(links: impaired, slowness: slowness))
        return cuts.count - 1
    }

    mutating func heal(_ number: Int) {
        guard let cut = cuts[number].take() else { return }
        for link in cut.links {
            if cut.slowness > 0 {
                links[link].slowness -= cut.slowness
            } else {
                links[link].cuts -= 1
            }
        }
    }

    mutating func healAll() {
        for number in cuts.indices { heal(number) }
    }
}
