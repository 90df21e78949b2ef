import Platform

/// A member of a cluster before it runs: a directory that was made for it, and what its process is
/// started with.
package struct Seat: Sendable {
    package let number: Int
    package let directory: String
    /// Of `rlog node`.
    package let arguments: [String]

    /// Makes the directories of all members.
    ///
    /// - Parameters:
    ///   - ports: Where each listens, on loopback.
    ///   - agreed: More of `rlog init`, the same for all.
    ///   - links: What stands between them, if something does.
    ///   - place: The directory that a member's data is made in.
    package static func all(
        _ cluster: String,
        ports: [UInt16],
        agreed: [String] = [],
        links: Links? = nil,
        place: (Int) -> String
    ) throws(SeatError) -> [Seat] {
        let numbers = ports.indices.map { "\($0 + 1)" }.joined(separator: ",")
        var seats: [Seat] = []
        for (index, port) in ports.enumerated() {
            let directory = "\(place(index))/n\(index + 1)"
            let identity = ["--cluster", cluster, "--id", "\(index + 1)", "--members", numbers]
            let made = try? Rlog.start(["init", "--data", directory] + identity + agreed).wait()
            guard let made, made.status == 0 else {
                throw SeatError(directory: directory, errors: made?.errors ?? Rlog.path)
            }
            var arguments = ["--data", directory, "--listen", "127.0.0.1:\(port)"]
            for other in ports.indices where other != index {
                let target = links?.port(Links.Link(from: index, to: other)) ?? ports[other]
                arguments += ["--peer", "\(other + 1)=127.0.0.1:\(target)"]
            }
            seats.append(Seat(number: index + 1, directory: directory, arguments: arguments))
        }
        return seats
    }
}

/// A directory that could not be made.
package struct SeatError: Error, CustomStringConvertible {
    let directory: String
    let errors: String

    package var description: String { "rlog init of \(directory) failed: \(errors)" }
}
