import TestSupport
import Testing

@testable import LogStorage
@testable import LogWire
@testable import Platform
@testable import ReplicatedLog

/// Is there a log?
@Suite(.shared) struct NodeContentsTests {
    @Test func whatIsThereIsToldAndLeftAsItIs() async throws {
        let directory = try NodeDirectory()
        let path = directory.path
        #expect(try await LogNode.contents(of: path) == .missing)
        try FileSystem.makeDirectory(path)
        #expect(try await LogNode.contents(of: path) == .empty)
        try await directory.create()
        let node = try await directory.open()
        #expect(try await LogNode.contents(of: path) == .inUse)
        await node.close()
        let identity = LogIdentity(
            cluster: node.configuration.cluster,
            node: node.configuration.node,
            incarnation: node.incarnation,
            membership: node.configuration.membership,
            isBackup: false
        )
        for _ in 0..<2 { #expect(try await LogNode.contents(of: path) == .log(identity)) }
        let again = try await directory.open()
        #expect(again.session.boot.rawValue == node.session.boot.rawValue + 1, "no opening between")
        await again.close()
    }

    @Test func whatIsNoLogOrCannotBeReadIsToldApart() async throws {
        let directory = try NodeDirectory()
        let path = directory.path
        try FileSystem.makeDirectory(path)
        try FileSystem.write([1, 2, 3], to: path + "/notes")
        #expect(try await LogNode.contents(of: path) == .other)
        #expect(try await LogNode.contents(of: path + "/notes") == .other)
        #expect(try await LogNode.contents(of: path + "/notes/none") == .other)
        try FileSystem.write([1, 2, 3], to: Schema.dataPath(in: path))
        let told = await #expect(throws: LogOpenError.self) {
            try await LogNode.contents(of: path)
        }
        guard case .truncated = told else {
            return #expect(Bool(false), "\(String(describing: told))")
        }
    }
}
