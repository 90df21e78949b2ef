import NodeProcesses

/// The members, their directories and the links between them.
final class Cluster: Sendable {
    let members: [Member]
    let links: Links

    /// Makes the directories.
    ///
    /// - Parameter place: The directory that a member's data is made in.
    init(
        size: Int,
        root: String,
        seed: UInt64,
        _ recorder: Recorder,
        place: (Int) -> String
    ) throws {
        let ports = try Loopback.freePorts(size)
        let links = try Links(targets: ports, seed: seed)
        self.links = links
        members = try Seat.all("crash-suite", ports: ports, links: links, place: place).map {
            Member($0, errors: "\(root)/n\($0.number).err", recorder)
        }
    }

    /// The links that a cut takes.
    func links(of cut: Fault.Cut, leader: Int) -> [Links.Link] {
        switch cut {
        case .oneWay(let from, let to): return [Links.Link(from: from, to: to)]
        case .between(let one, let other):
            return [Links.Link(from: one, to: other), Links.Link(from: other, to: one)]
        case .around(let target):
            let place = self.place(of: target, leader: leader)
            return members.indices.filter { $0 != place }.flatMap { other in
                [Links.Link(from: place, to: other), Links.Link(from: other, to: place)]
            }
        }
    }

    func place(of target: Fault.Target, leader: Int) -> Int {
        switch target {
        case .member(let place): place
        case .leader: leader
        }
    }
}

/// Why there is nothing to judge.
struct SuiteError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
