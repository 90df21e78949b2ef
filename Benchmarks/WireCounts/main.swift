import BenchmarkSupport

/// What `Scripts/wire-counts` counts the instructions and allocations of: so many Accepts of so many entries of
/// so many bytes, over and over.
guard CommandLine.arguments.count == 4,
    let rounds = Int(CommandLine.arguments[1]),
    let entries = Int(CommandLine.arguments[2]),
    let payloadBytes = Int(CommandLine.arguments[3])
else { fatalError("usage: wire-counts ROUNDS ENTRIES PAYLOAD-BYTES") }

var way = try WireWay(entries: entries, payloadBytes: payloadBytes)
var taken = 0
for _ in 0..<rounds { taken += try way.send() }
guard taken == 2 * rounds * entries else { fatalError("\(taken) entries came") }
