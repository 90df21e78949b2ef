import LogCommands
import PaxosCore

extension Entry {
    /// The word for what the slot holds.
    var kind: String {
        switch self {
        case .command: "command"
        case .noop: "noop"
        case .membership: "membership"
        case .void: "void"
        }
    }

    /// The name of the append it came in, or that it voids.
    var token: Token? {
        switch self {
        case .command(let command): command.token
        case .void(let token): token
        case .noop, .membership: nil
        }
    }

    /// The slot in which alone it has effect, of a batch that of its first entry.
    var expectedSlot: Slot? {
        guard case .command(let command) = self, command.at != .zero else { return nil }
        return command.at
    }

    /// The caller's bytes.
    var payload: [UInt8]? {
        if case .command(let command) = self { command.payload } else { nil }
    }

    /// Of kind, token and content, so that two nodes agree on a slot if their hashes are equal. Tokens are
    /// written `node-boot-sequence`, with `/index/count` behind if it is of a batch, and `@slot` if it asks for one.
    var hash: Hash64 {
        var hash = Hash64()
        hash.add(kind.utf8)
        hash.add(0 as UInt8)
        if let token {
            var text: [UInt8] = []
            token.write(to: &text)
            hash.add(text)
        }
        if case .command(let command) = self, command.count > 1 {
            hash.add("/\(command.index)/\(command.count)".utf8)
        }
        if let slot = expectedSlot { hash.add("@\(slot)".utf8) }
        hash.add(0 as UInt8)
        switch self {
        case .command(let command): hash.add(command.payload)
        case .membership(let membership):
            for member in membership.members { hash.add(member.rawValue) }
        case .noop, .void: break
        }
        return hash
    }
}

extension Token {
    /// Appends `node-boot-sequence`, as its description is.
    func write(to line: inout [UInt8]) {
        line.append(decimal: node.rawValue)
        line.append(UInt8(ascii: "-"))
        line.append(decimal: boot.rawValue)
        line.append(UInt8(ascii: "-"))
        line.append(decimal: sequence)
    }
}
