package import ArgumentParser
package import LogCommands

/// `rlog report`: a page of what `rlog bench --json` has printed.
package struct Report: RlogCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Make a page with plots of what rlog bench --json has printed.",
        discussion: """
            One file is one run; two are shown beside each other, before and after a change or on two \
            machines. The page needs no network.
            """
    )

    @Argument(help: "Files with what rlog bench --json has printed.")
    var files: [String]

    @Option(help: "Where to write the page.")
    var output = "report.html"

    package var json: Bool { false }

    package init() {}

    package func execute() async throws(Failure) -> ExitStatus {
        var runs: [(name: String, points: [JSON])] = []
        for path in files { runs.append((Self.name(path), try Self.points(path))) }
        try TextFile.write(ReportPage.html(runs), to: output)
        Output.answer("\(output): \(runs.reduce(0) { $0 + $1.points.count }) points\n")
        return .done
    }

    private static func name(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".json") ? String(name.dropLast(5)) : name
    }

    private static func points(_ path: String) throws(Failure) -> [JSON] {
        var points: [JSON] = []
        for (number, line) in try TextFile.read(path).split(separator: "\n").enumerated() {
            let what = "\(path), line \(number + 1), is not what rlog bench --json prints"
            guard let point = JSON(parsing: line.utf8), point["replicas"] != nil,
                point["latency"] != nil, point["mode"] != nil
            else { throw Failure(.refused, "not_a_point", what) }
            points.append(point)
        }
        guard !points.isEmpty else {
            throw Failure(.refused, "not_a_point", "\(path) holds no points: use rlog bench --json")
        }
        return points
    }
}
