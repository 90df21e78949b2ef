/// The text of scenario files that are made and not written by hand.
package enum ScenarioText {
    /// A scenario that runs one schedule of a drawn world, with everything that happens in it.
    package static func recorded(_ schedule: Schedule) -> String {
        let (report, lines) = schedule.trace()
        var text = "# Found by the simulator. To see it again:\n#     \(schedule.commandLine)\n\n"
        text += "simulate seed=\(schedule.seed) members=\(schedule.members) "
        text += "steps=\(schedule.steps) faults=\(schedule.faults)"
        if let mutant = schedule.mutant { text += " mutant=\(mutant.rawValue)" }
        text += "\n----\n"
        for line in lines { text += line + "\n" }
        text += outcome(report) + "\n"
        return text
    }

    static func outcome(_ report: Simulation.Report) -> String {
        report.violation.map { "violated \($0)" } ?? "digest \(report.digest)"
    }
}
