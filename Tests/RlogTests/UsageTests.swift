import NodeProcesses
import Platform
import TestSupport
import Testing

/// Exit statuses and one-line errors: a contract.
@Suite(.shared) struct UsageTests {
    @Test(arguments: [
        ["--wrong"], ["bench", "--wrong"], ["bench", "--rate", "many"],
        ["bench", "--transport", "carrier-pigeon"], ["bench", "--fault", "kill-leader"],
        ["bench", "--trim", "--readers", "1"],
        ["bench", "--fault", "fire"],
        ["bench", "--fault", "slow-disk", "--replicas", "1"], ["bench", "--readers", "-1"],
        ["bench", "--replicas", "8"],
        ["bench", "--outstanding", "1,x"], ["bench", "--value-bytes", "7"],
        ["bench", "--batch", "100000"], ["bench", "--seconds", "0"], ["bench", "extra"],
        ["verify"], ["dump", "a", "--from", "2", "--to", "1"], ["unknown"], [],
        ["init", "--data", "x", "--cluster", "c", "--id", "2", "--members", "1"],
        ["init", "--data", "x", "--cluster", "c", "--id", "0", "--members", "1"],
        ["init", "--data", "x", "--cluster", "c c", "--id", "1", "--members", "1"],
        ["init", "--data", "x", "--cluster", "c", "--id", "1", "--members", "1,1"],
        ["init", "--cluster", "c", "--id", "1", "--members", "1"],
        ["init", "--data", "", "--cluster", "c", "--id", "1", "--members", "1"],
        ["node", "--data", ""], ["node", "--data", "x", "--listen", "127.0.0.1:70000"],
        ["node", "--data", "x", "--peer", "2=127.0.0.1:7002"],
        ["node", "--data", "x", "--tls-cert", "a"], ["node", "--data", "x", "--election-ms", "9"],
        ["simulate", "--seeds", "5..1"], ["frames"], ["report"],
    ])
    func wrongUseIsStatus2AndOneLine(_ arguments: [String]) throws {
        let result = try Rlog.start(arguments).wait()
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        #expect(result.errorLines.count == 1)
        #expect(result.errors.hasPrefix("rlog: "))
    }

    @Test(arguments: [["--help"], ["bench", "--help"], ["help", "verify"], ["--version"]])
    func helpIsAnAnswer(_ arguments: [String]) throws {
        let result = try Rlog.start(arguments).wait()
        #expect(result.status == 0)
        #expect(!result.output.isEmpty)
        #expect(result.errors.isEmpty)
    }

    /// `rlog-bench` is `rlog bench` and `rlog report`, and starts the `rlog` beside it for its other replicas.
    @Test(.heavy, .tags(.slow)) func theBenchmarkIsAProgramOfItsOwn() throws {
        let scratch = try Scratch("rlog-bench")
        let program = BuiltProgram.path("rlog-bench")
        let wrong = try BuiltProgram(program, ["--outstanding", "x"]).wait()
        #expect(wrong.status == 2)
        #expect(wrong.errorLines.count == 1)
        #expect(wrong.errors.contains("See rlog-bench --help."))
        let arguments = [
            "--transport", "tcp", "--outstanding", "4", "--seconds", "0.1", "--warmup", "0",
            "--repeats", "0", "--data", scratch.path, "--json",
        ]
        let measured = try BuiltProgram(program, arguments).wait()
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(try measured.objects().first?["replicas"] as? Int == 3)
        let points = "\(scratch.path)/points.json"
        let page = "\(scratch.path)/page.html"
        try FileSystem.write(Array(measured.output.utf8), to: points)
        let made = try BuiltProgram(program, ["report", points, "--output", page]).wait()
        #expect(made.status == 0, "\(made.errors)")
        #expect(FileSystem.exists(page))
    }

    @Test(arguments: ["inspect", "dump", "verify"])
    func aMissingDirectoryIsRefused(_ command: String) throws {
        let result = try Rlog.run(command, ".build/no-such-directory", "--json")
        #expect(result.status == 3)
        let answer = try #require(result.objects().first)
        #expect(answer["refused"] as? String == "missing_directory")
        #expect(answer["detail"] as? String != nil)
        #expect(result.errorLines.count == 1)
    }
}
