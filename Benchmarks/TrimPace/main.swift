import Platform
import ReplicatedLog

// What trimming at pace costs: so many appends to one member, with or without it. `Scripts/trim-pace` runs it in
// turn and prints the ratios.

guard CommandLine.arguments.count == 6,
    let entries = Int(CommandLine.arguments[1]), entries > 0,
    let outstanding = Int(CommandLine.arguments[2]), (1...65_536).contains(outstanding),
    let payloadBytes = Int(CommandLine.arguments[3]), payloadBytes >= 0,
    let kept = Int(CommandLine.arguments[4]), kept >= 0
else {
    fatalError(
        "usage: trim-pace ENTRIES OUTSTANDING PAYLOAD-BYTES KEPT-ENTRIES DIRECTORY; 0 kept: no trim"
    )
}

let run = PacedRun(
    entries: entries,
    outstanding: outstanding,
    payloadBytes: payloadBytes,
    kept: kept,
    directory: CommandLine.arguments[5]
)
print(try await run.measure())
