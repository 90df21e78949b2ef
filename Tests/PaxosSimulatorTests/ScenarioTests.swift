import Foundation
import PaxosSimulator
import Testing

/// The stories of `Scenarios/*.txt`: every exchange as the file says, every expectation met, every invariant
/// kept. `UPDATE_SCENARIOS=1` rewrites the exchanges; read the difference line by line.
@Suite struct ScenarioTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Scenarios")

    static let names: [String] = {
        let files = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        return (files ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test(arguments: names)
    func theStoryHappensAsItIsTold(name: String) throws {
        let file = Self.directory.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let outcome = ScenarioRun.run(Scenario(text))
        let isRewritten = ProcessInfo.processInfo.environment["UPDATE_SCENARIOS"] != nil
        if isRewritten { try outcome.text.write(to: file, atomically: true, encoding: .utf8) }
        for failure in isRewritten ? outcome.grave : outcome.failures {
            Issue.record("\(name): \(failure)")
        }
    }

    @Test func everyStoryHasATitleAndExpectsSomething() throws {
        #expect(Self.names.count >= 25)
        for name in Self.names {
            let file = Self.directory.appending(path: name)
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(!Scenario(text).title.isEmpty, "\(name)")
            #expect(text.contains("\nexpect "), "\(name)")
        }
    }
}

/// The runner itself: what is wrong is said, and where.
@Suite struct ScenarioRunTests {
    private let elected = """
        # A story.
        cluster 3
        campaign n1
        ----
        """

    @Test func anotherExchangeIsAFailure() {
        let outcome = ScenarioRun.run(Scenario(elected + "\nn1          sings\n"))
        #expect(outcome.failures.map(\.line) == [5])
        #expect(outcome.grave.isEmpty)
        #expect(outcome.text.contains("n1          leader ballot=1.n1"))
        #expect(ScenarioRun.run(Scenario(outcome.text)).failures.isEmpty)
    }

    @Test(arguments: [
        "expect leader n2", "expect chosen 1 a1", "expect answer a1 committed 1", "sing",
        "append n4", "append n1 100000", "cut n1 n2", "expect joy n1", "tick", "heal now",
    ])
    func whatIsNotSoOrMeansNothingIsGrave(command: String) {
        let outcome = ScenarioRun.run(Scenario("cluster 3\ncampaign n1\n\(command)\n----\n"))
        #expect(outcome.grave.map(\.line) == [3])
    }

    @Test func proseAndCommandsAreKeptWhenRewritten() {
        let text = "# One.\n\n# Two.\ncluster 1\ntick 1\nexpect leader n1\n----\n\n# The end.\n"
        let outcome = ScenarioRun.run(Scenario(text))
        #expect(outcome.grave.isEmpty)
        for line in text.split(separator: "\n") { #expect(outcome.text.contains(line)) }
    }

    @Test func aSavedFailureFailsAgainAndIsTheSame() throws {
        let schedule = Schedule(seed: 1, members: 3, steps: 600, mutant: .promiseNotPersisted)
        let shrunk = try #require(schedule.shrunk())
        let text = ScenarioText.recorded(shrunk.schedule)
        let outcome = ScenarioRun.run(Scenario(text))
        #expect(outcome.grave.count == 1)
        #expect(outcome.failures.count == 1)
        #expect(outcome.text == text)
    }

    @Test func faultSetsAreWrittenAsTheyAreRead() {
        for set in [FaultSet.all, .network, .crash, .disk, .none, FaultSet([.crash, .slowLink])] {
            #expect(FaultSet("\(set)") == set)
        }
        #expect(FaultSet("only:crash") == FaultSet([.crash]))
        #expect(FaultSet("rain") == nil && FaultSet("only:") == nil)
    }
}
