import Foundation

/// A file of the source tree, by its path from the package's directory.
struct SourceFile {
    let path: String
    let text: String
    /// The lines without their comments.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let line = String(line)
            guard line.has("//"), let comment = line.firstRange(of: #/(^|\s)\/\/.*/#) else {
                return line
            }
            return String(line[..<comment.lowerBound])
        }
    }

    private var parts: [Substring] { path.split(separator: "/") }

    /// The target the file belongs to, for files under `Sources`.
    var target: String? { parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil }
    /// The folder of the target, empty for what lies beside the folders.
    var folder: String { parts.count > 3 && parts[0] == "Sources" ? String(parts[2]) : "" }
    var isSwift: Bool { path.hasSuffix(".swift") }
}

extension String {
    /// A look at the bytes, long before any regular expression.
    fileprivate func has(_ word: String) -> Bool { strstr(self, word) != nil }
}

/// The rules of the source tree. Each takes files and says what is wrong with them.
enum SourceRules {
    static let system: Set = ["Glibc", "Darwin", "Musl"]

    /// What each target may import (docs/DESIGN.md, rooms). A target that is not here is refused: the
    /// table comes first.
    static let mayImport: [String: Set<String>] = [
        "PaxosCore": [],
        "LMDB": system.union(["CLMDB"]),
        "Platform": system.union(["CPlatform", "Synchronization"]),
        "LogWire": ["PaxosCore", "CCRC32C"],
        "LogStorage": ["PaxosCore", "LogWire", "LMDB", "Platform"],
        "ReplicatedLog": [
            "PaxosCore", "LogStorage", "Platform", "Synchronization", "Logging", "CoreMetrics",
            "ServiceLifecycle", "Tracing",
        ],
        "ReplicatedLogTCP": [
            "ReplicatedLog", "PaxosCore", "LogWire", "Platform", "Logging", "NIOCore",
            "NIOPosix", "NIOConcurrencyHelpers", "NIOTLS", "NIOSSL",
        ],
        "ReplicatedLogMachine": [
            "ReplicatedLog", "PaxosCore", "Platform", "ServiceLifecycle", "Foundation",
            "FoundationEssentials",
        ],
        "PaxosSimulator": ["PaxosCore"],
        "ReplicatedLogTestKit": ["ReplicatedLog", "PaxosCore", "PaxosSimulator", "Platform"],
        "LogCommands": system.union([
            "ReplicatedLog", "Platform", "NIOPosix", "ArgumentParser", "Foundation",
            "FoundationEssentials",
        ]),
        "LogBench": system.union([
            "LogCommands", "ReplicatedLog", "ReplicatedLogTCP", "LogStorage", "PaxosCore",
            "Platform", "CLMDB", "Synchronization", "ArgumentParser", "Histogram",
        ]),
    ]

    /// Targets of C, which import nothing in Swift.
    static let cTargets: Set = ["CLMDB", "CCRC32C", "CPlatform"]
    /// The programs may import what they like.
    static let programs: Set = ["rlog", "rlog-bench"]
    /// They and what is theirs print.
    static let tools = programs.union(["LogBench", "LogCommands"])

    static func imports(_ file: SourceFile) -> [String] {
        guard file.isSwift, let target = file.target, !programs.contains(target) else { return [] }
        guard let allowed = mayImport[target] else {
            return ["\(file.path): target \(target) is not in the table of imports"]
        }
        let statement =
            #/^\s*(?:@\w+(?:\(\w*\))?\s+)*(?:\w+\s+)?import\s+(?:\w+\s+)?(\w+)(?:\.|\s|$)/#
        return file.code.compactMap { line in
            guard line.has("import"), let match = line.firstMatch(of: statement) else { return nil }
            let module = String(match.1)
            return allowed.contains(module) ? nil : "\(file.path): imports \(module)"
        }
    }

    /// The folders of a target, each of which may use what those before it declare, and nothing of those behind:
    /// so there is no circle (docs/DESIGN.md, rooms). Files beside the folders belong to none.
    static let folders: [String: [String]] = [
        "PaxosCore": ["Values", "Messages", "Boundary", "Roles", "Replica", "Node"],
        "LMDB": ["Pages", "Seal"],
        "LogWire": ["Frames", "Rows"],
        "LogStorage": ["Table", "Commit", "Read", "Open", "Inspect", "Snapshot", "Copy"],
        "PaxosSimulator": [
            "Values", "Checks", "Mutants", "Store", "Nodes", "Trace", "Network", "World", "Host",
            "Scenario", "Trials",
        ],
        "ReplicatedLog": ["Queues", "Transport", "Observe", "Engine", "Node"],
        "ReplicatedLogTCP": ["Connection", "TLS"],
        "ReplicatedLogTestKit": ["Transport", "Store", "Simulated", "Cluster"],
        "LogCommands": ["Output"],
        "LogBench": ["Load", "Cluster", "Machine", "Point", "Report"],
        "rlog": ["CommandLine", "Offline", "Node", "Simulate"],
    ]

    private static let kinds = ["struct", "class", "enum", "protocol", "actor", "typealias"]

    /// Targets with folders that stand in no order: the table comes first.
    static func unordered(_ files: [SourceFile]) -> Set<String> {
        let divided = files.filter { $0.isSwift && !$0.folder.isEmpty }.compactMap(\.target)
        return Set(divided).subtracting(folders.keys)
    }

    /// Uses of types against the order of the folders. What an extension in a later folder adds to a type of an
    /// earlier one goes unseen.
    static func circles(_ files: [SourceFile]) -> [String] {
        let declaration =
            #/^(?:(?:@\w+(?:\([^)]*\))?|public|package|internal|final|indirect|nonisolated)\s+)*(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)/#
        return folders.flatMap { target, order in
            let own = files.filter { $0.isSwift && $0.target == target }
            var declared: [Substring: Int] = [:]
            for file in own {
                guard let rank = order.firstIndex(of: file.folder) else { continue }
                for line in file.code where Self.kinds.contains(where: line.has) {
                    if let match = line.firstMatch(of: declaration) {
                        declared[Substring(String(match.1))] = rank
                    }
                }
            }
            return own.flatMap { file -> [String] in
                guard !file.folder.isEmpty else { return [] }
                guard let rank = order.firstIndex(of: file.folder) else {
                    return ["\(file.path): folder \(file.folder) is not in the order"]
                }
                let words = file.code.flatMap {
                    $0.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
                }
                return Set(words).sorted().compactMap { word in
                    guard let other = declared[word], other > rank else { return nil }
                    return "\(file.path): uses \(word) of \(order[other])"
                }
            }
        }
    }

    /// The traits that are asked about in sources, and where: in a room of its own, behind which everything is
    /// alike with the trait and without. `TCP` is asked about nowhere: who disables it leaves the target out.
    static let conditional: [(trait: String, module: String, places: [String])] = [
        ("TLS", "NIOSSL", ["Sources/ReplicatedLogTCP/TLS/"]),
        (
            "ServiceLifecycle", "ServiceLifecycle",
            [
                "Sources/ReplicatedLog/Node/LogNode+Service.swift",
                "Sources/ReplicatedLogMachine/StateMachineHost+Service.swift",
            ]
        ),
        ("Tracing", "Tracing", ["Sources/ReplicatedLog/Observe/CallTracing.swift"]),
    ]

    static func traits(_ file: SourceFile) -> [String] {
        guard file.isSwift, let target = file.target, !tools.contains(target) else { return [] }
        return file.code.enumerated().flatMap { number, line in
            conditional.compactMap { trait, module, places in
                let asks = line.contains("#if \(trait)") || line.contains("#if !\(trait)")
                guard asks || line.contains("import \(module)"),
                    !places.contains(where: file.path.hasPrefix)
                else { return nil }
                return "\(file.path):\(number + 1): the trait \(trait)"
            }
                + (line.contains("#if TCP") ? ["\(file.path):\(number + 1): the trait TCP"] : [])
        }
    }

    static let maximumLines = 400

    static func length(_ file: SourceFile) -> [String] {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        return lines > maximumLines ? ["\(file.path): \(lines) lines"] : []
    }

    private struct BannedCall {
        let name: String
        /// One of these is in each line that has it.
        let hints: [String]
        let pattern: Regex<Substring>

        init(_ name: String, hints: [String], _ pattern: Regex<Substring>) {
            self.name = name
            self.hints = hints
            // Swift's default word boundary takes `a.b` for one word.
            self.pattern = pattern.wordBoundaryKind(.simple)
        }
    }

    static func bannedCalls(_ file: SourceFile) -> [String] {
        guard file.isSwift, let target = file.target else { return [] }
        var banned = [
            BannedCall("try!", hints: ["try!"], #/\btry!/#),
            BannedCall("fatalError", hints: ["fatalError"], #/\bfatalError\s*\(/#),
            BannedCall("noSync", hints: ["noSync"], #/\bnoSync\s*[:=]\s*true\b/#),
        ]
        if !tools.contains(target) {
            banned += [
                BannedCall(
                    "print",
                    hints: ["rint"],
                    #/(?:^|[^.\w]|\bSwift\.)(?:debugPrint|print)\s*\(/#
                ),
                BannedCall("Task.sleep", hints: ["sleep"], #/\bTask(?:<[^>]*>)?\.sleep\b/#),
            ]
        }
        if target == "PaxosCore" {
            // Each process would go through it in another order.
            banned.append(
                BannedCall(
                    "hashed order",
                    hints: ["Set", "Dictionary", "["],
                    #/\b(?:Set|Dictionary)\b|\[\w+\s*:\s*\w+\]/#
                )
            )
        }
        if target != "LMDB" {
            banned.append(
                BannedCall("MDB_NOSYNC", hints: ["MDB_"], #/\bMDB_(?:NOSYNC|MAPASYNC)\b/#)
            )
        }
        return file.code.enumerated().flatMap { number, line in
            banned.compactMap { call in
                call.hints.contains(where: line.has) && line.contains(call.pattern)
                    ? "\(file.path):\(number + 1): \(call.name)" : nil
            }
        }
    }

    /// Certificates carry dates.
    static let dated: Set = [
        "Sources/Platform/WallClock.swift",
        "Sources/ReplicatedLogTCP/TLS/TLSIdentity+Validity.swift",
    ]

    /// Nothing else here asks what time it is: a wall clock that jumps changes nothing. Durations are of the
    /// monotonic clock, and a wait on a condition names it.
    static func wallClocks(_ file: SourceFile) -> [String] {
        guard file.target != nil, !dated.contains(file.path) else { return [] }
        let clock =
            #/\b(?:WallClock|CLOCK_REALTIME\w*|gettimeofday|timespec_get|Date|NSDate|DispatchWallTime|CFAbsoluteTimeGetCurrent|(?:local|gm|mk|f)time|pthread_mutex_timedlock|sem_timedwait)\b|\btime\s*\(\s*(?:nil|NULL|0|&\w+)\s*\)/#
            .wordBoundaryKind(.simple)
        var found = file.code.enumerated().compactMap { number, line in
            ["ime", "Clock", "CLOCK_", "Date"].contains(where: line.has) && line.contains(clock)
                ? "\(file.path):\(number + 1): a wall clock" : nil
        }
        let code = file.code.joined(separator: "\n")
        if code.contains("pthread_cond_timedwait("), !code.contains("pthread_condattr_setclock(") {
            found.append("\(file.path): a wait by the wall clock")
        }
        return found
    }

    /// Where tests wait for what tells nobody when it changes.
    static let waiting = "Tests/Support/TestSupport/Waiting.swift"

    /// Tests sleep nowhere else: they wait for an event. What shows the rule is left out.
    static func sleeps(_ file: SourceFile) -> [String] {
        guard file.isSwift, file.path.hasPrefix("Tests/"), file.path != waiting,
            !file.path.hasPrefix("Tests/SourceRuleTests/")
        else { return [] }
        let call = #/\b(?:(?:Task|Thread)(?:<[^>]*>)?\.sleep\b|(?:u|nano)?sleep\s*\()/#
            .wordBoundaryKind(.simple)
        return file.code.enumerated().compactMap { number, line in
            line.has("sleep") && line.contains(call)
                ? "\(file.path):\(number + 1): a sleep" : nil
        }
    }

    /// A receipt is made where a store has flushed, once a store, and nowhere else (`R28`): in a target that has one,
    /// and in the storage by what commits.
    static func receipts(_ files: [SourceFile]) -> [String] {
        let conformance =
            #/\b(?:class|struct|actor|enum|extension)\s+\w+(?:<[^>{]*>)?\s*:[^{]*\bLogStore\b/#
            .wordBoundaryKind(.simple)
        let mention = #/\bmarkedDurable\b/#.wordBoundaryKind(.simple)
        let declaration = #/\bfunc\s+markedDurable\b/#.wordBoundaryKind(.simple)
        var stores: [String: Int] = [:]
        var calls: [String: Int] = [:]
        var found: [String] = []
        for file in files where file.isSwift {
            guard let target = file.target else { continue }
            let code = file.code.joined(separator: "\n")
            guard code.has("LogStore") || code.has("markedDurable") || code.has("SimulatedStore")
            else { continue }
            stores[target, default: 0] += code.matches(of: conformance).count
            // The simulated store is stepped by its world instead of running on its own.
            if code.contains("class SimulatedStore {") { stores[target, default: 0] += 1 }
            let count = code.matches(of: mention).count - code.matches(of: declaration).count
            calls[target, default: 0] += count
            if count > 0, target == "LogStorage", file.folder != "Commit" {
                found.append("\(file.path): markedDurable() is called outside Commit")
            }
        }
        return found
            + calls.sorted { $0.key < $1.key }.compactMap { target, count in
                let allowed = stores[target, default: 0]
                return count > allowed
                    ? "\(target): markedDurable() is called \(count) times for \(allowed) stores"
                    : nil
            }
    }

    /// What lies below the protocol knows nothing of it.
    static func vocabulary(_ file: SourceFile) -> [String] {
        let below: Set = ["CLMDB", "LMDB", "Platform", "CPlatform", "CCRC32C"]
        guard let target = file.target, below.contains(target) else { return [] }
        return file.text.contains(#/(?i)paxos|ballot|quorum|acceptor/#)
            ? ["\(file.path): a word of Paxos"] : []
    }

    // MARK: - The tree

    static func tree() throws -> [SourceFile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var files: [SourceFile] = []
        for folder in ["Sources", "Tests", "Benchmarks", "Examples"] {
            let start = root.appending(path: folder)
            guard let paths = FileManager.default.enumerator(atPath: start.path) else { continue }
            for case let path as String in paths {
                if path.hasSuffix(".build") { paths.skipDescendants() }
                guard path.contains(#/\.(?:swift|c|h)$/#) else { continue }
                files.append(
                    SourceFile(
                        path: folder + "/" + path,
                        text: try String(contentsOf: start.appending(path: path), encoding: .utf8)
                    )
                )
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}
