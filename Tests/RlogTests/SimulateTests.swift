import Foundation
import NodeProcesses
import TestSupport
import Testing

/// `rlog simulate` as a process: figures, failures and how they are replayed.
@Suite(.heavy, .tags(.slow)) struct SimulateTests {
    @Test func theSameSeedsSayTheSame() throws {
        let arguments = ["simulate", "--seeds", "1..3", "--steps", "300", "--json"]
        let first = try Rlog.start(arguments).wait()
        let second = try Rlog.start(arguments).wait()
        #expect(first.status == 0)
        #expect(first.output == second.output)
        let runs = try first.objects()
        #expect(runs.map { $0["seed"] as? Int } == [1, 2, 3])
        for run in runs {
            #expect((run["digest"] as? String)?.count == 16)
            #expect(run["elections"] as? Int != nil)
            #expect(run["committed_slots"] as? Int != nil)
            #expect((run["faults"] as? [String: Int]) != nil)
            #expect((run["steps"] as? Int ?? 0) >= 300)
        }
    }

    @Test func peopleReadATable() throws {
        let result = try Rlog.run("simulate", "--seed", "4", "--steps", "200")
        #expect(result.status == 0)
        #expect(result.lines.count == 2)
        #expect(result.lines[1].hasPrefix("4 ") && result.lines[1].contains("="))
    }

    @Test func aViolationIsReplayedShrunkAndSaved() throws {
        let scratch = try Scratch("rlog")
        let file = "\(scratch.path)/failure.txt"
        let result = try Rlog.run(
            "simulate",
            "--seeds",
            "1..30",
            "--replicas",
            "3",
            "--steps",
            "600",
            "--mutant",
            "promise-not-persisted",
            "--save",
            file,
            "--json"
        )
        #expect(result.status == 1)
        let failed = try #require(result.objects().first { $0["scenario"] != nil })
        #expect(failed["scenario"] as? String == file)
        let replay = try #require(failed["shortest"] as? String)
        #expect(result.errors.contains(replay))
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("violated "))
        let again = try Rlog.start(
            replay.split(separator: " ").dropFirst().map(String.init) + ["--save", file]
        ).wait()
        #expect(again.status == 1)
        #expect(again.output.contains("VIOLATED I"))
        let told = try Rlog.run("simulate", "--scenario", file)
        #expect(told.status == 1)
    }

    @Test func aTimeBoxNamesItsSeedsAndATraceIsAFile() throws {
        let drawn = try Rlog.run("simulate", "--time-box", "0.2", "--steps", "100", "--json")
        #expect(drawn.status == 0)
        let seed = try #require(drawn.objects().first?["seed"] as? Int)
        let scratch = try Scratch("rlog")
        let file = "\(scratch.path)/trace.txt"
        let traced = try Rlog.run(
            "simulate",
            "--seed",
            "\(seed)",
            "--steps",
            "100",
            "--json",
            "--trace",
            file
        )
        #expect(
            try traced.objects().first?["digest"] as? String
                == drawn.objects().first?["digest"] as? String
        )
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("opened"))
    }

    @Test func mutantsAreListed() throws {
        let result = try Rlog.run("simulate", "--mutants")
        #expect(result.status == 0)
        #expect(result.lines.contains("promise-not-persisted"))
    }

    @Test func aMutantDiesInEveryDrawnRange() throws {
        let result = try Rlog.run(
            "simulate",
            "--mutants",
            "--check",
            "--mutant",
            "rows-not-persisted",
            "--json"
        )
        #expect(result.status == 0)
        let ranges = try #require(result.objects().first?["ranges"] as? [[String: Any]])
        #expect(ranges.count == 5 && ranges.allSatisfy { $0["killer"] != nil })
    }

    @Test func aMutantThatSurvivesIsStatus1() throws {
        // Who is alone has nobody who could depose it.
        let result = try Rlog.run(
            "simulate",
            "--mutants",
            "--check",
            "--mutant",
            "stale-leader-barrier",
            "--replicas",
            "1",
            "--steps",
            "1"
        )
        #expect(result.status == 1)
        #expect(result.errorLines.last?.contains("survives") == true)
    }

    @Test(arguments: [
        ["--check"], ["--seeds", "3..1"], ["--seeds", "a..b"], ["--seeds", "1"],
        ["--faults", "rain"],
        ["--faults", "only:"], ["--replicas", "0"], ["--steps", "0"], ["--mutant", "none-such"],
        ["--seed", "1", "--seeds", "1..2"], ["--seeds", "1..2", "--trace", "x"],
        ["--time-box", "0"], ["extra"],
    ])
    func wrongUseIsStatus2(_ arguments: [String]) throws {
        let result = try Rlog.start(["simulate"] + arguments).wait()
        #expect(result.status == 2)
        #expect(result.output.isEmpty && result.errorLines.count == 1)
    }
}
