import ArgumentParser
import LogCommands
import LogStorage
import PaxosCore

/// `rlog verify`: whether a directory is what the rules of the log allow.
struct Verify: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every checksum and invariant of data directories; changes nothing.",
        discussion: """
            Given several directories, it also checks that no two disagree on a committed slot. Exit \
            status 1 with each fault named, 3 if a directory cannot be opened at all.
            """
    )

    @Argument(help: "The data directories; no process may have one open.")
    var directories: [String]

    @Flag(help: "Print JSON: an object for each fault, and one for each directory.")
    var json = false

    func execute() async throws(Failure) -> ExitStatus {
        let directories = directories
        let json = json
        let faults = try await offPool { () throws(Failure) in
            do throws(LogOpenError) {
                return try Self.verify(directories, json: json)
            } catch {
                throw Failure(error)
            }
        }.get()
        guard faults > 0 else { return .done }
        Output.complain(
            "\(faults) fault\(faults == 1 ? "" : "s"): replace the node, do not repair it"
        )
        return .wrong
    }

    /// Prints the faults as they are found, and answers their number.
    private static func verify(_ directories: [String], json: Bool) throws(LogOpenError) -> Int {
        // All are held before the first is looked at, so that none changes meanwhile.
        let group = try DirectoryGroup(directories)
        var faults = 0
        func report(_ position: Int, _ fault: Fault) {
            faults += 1
            let directory = directories[position]
            Output.answer(json ? fault.json(directory).text + "\n" : fault.text(directory))
        }
        for position in directories.indices {
            let before = faults
            let summary = try group.withReader(position) { reader throws(LogOpenError) in
                try DirectoryAudit.run(reader) { report(position, $0) }
            }
            let found = faults - before
            Output.answer(
                json
                    ? summary.json(directories[position], faults: found).text + "\n"
                    : summary.text(directories[position], faults: found)
            )
        }
        if directories.count > 1 { try group.compare(report) }
        return faults
    }
}
