import Foundation
import Platform

/// The members, their directories and the links between them.
final class Cluster: Sendable {
    let members: [Member]
    let links: Links

    /// Makes the directories.
    ///
    /// - Parameter place: The directory that a member's data is made in.
    init(
        size: Int,
        executable: String,
        root: String,
        seed: UInt64,
        _ recorder: Recorder,
        place: (Int) -> String
    ) throws {
        let ports = try Loopback.freePorts(size)
        links = try Links(targets: ports, seed: seed)
        let numbers = (1...size).map(String.init).joined(separator: ",")
        var members: [Member] = []
        for index in 0..<size {
            let directory = "\(place(index))/n\(index + 1)"
            let identity = [
                "--cluster", "crash-suite", "--id", "\(index + 1)", "--members", numbers,
            ]
            let made = try Command.run(executable, ["init", "--data", directory] + identity)
            guard made.status == 0 else {
                throw SuiteError("rlog init ended with status \(made.status): \(made.errors)")
            }
            var network = ["--listen", "127.0.0.1:\(ports[index])"]
            for other in 0..<size where other != index {
                let port = links.port(Links.Link(from: index, to: other))
                network += ["--peer", "\(other + 1)=127.0.0.1:\(port)"]
            }
            members.append(
                Member(
                    index + 1,
                    executable: executable,
                    directory: directory,
                    errors: "\(root)/n\(index + 1).err",
                    network: network,
                    recorder
                )
            )
        }
        self.members = members
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

/// A process run to its end.
enum Command {
    struct Result {
        let status: Int32
        let output: Data
        let errors: String
    }

    static func run(_ executable: String, _ arguments: [String]) throws -> Result {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Errors are few: they fit the pipe while the output is read.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: text,
            errors: String(decoding: complaints, as: UTF8.self)
        )
    }
}
