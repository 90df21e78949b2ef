// Runs the quick start in the directory that is named, and fails unless it saw what it appended.
guard CommandLine.arguments.count == 2 else {
    print("usage: Consumer DIRECTORY")
    throw Wrong.usage
}
let seen = try await quickStart(in: CommandLine.arguments[1])
guard seen == ["paid 17", "packed 17", "sent 17"] else { throw Wrong.entries(seen) }

enum Wrong: Error {
    case usage
    case entries([String])
}
