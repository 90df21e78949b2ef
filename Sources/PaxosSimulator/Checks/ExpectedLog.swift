package import PaxosCore

/// The effective log as it follows from the chosen entries, decided a second time and in another way than
/// `Delivery` does it: what every node must deliver.
package struct ExpectedLog {
    /// One effective command.
    package struct Event: Hashable, Sendable {
        package let slot: Slot
        package let label: PayloadLabel
    }

    private struct Session {
        var boot: Boot
        var seen: NumberRanges
    }

    package private(set) var events: [Event] = []
    /// Every slot up to here is decided.
    package private(set) var decidedThrough = Slot.zero
    /// By number of the append: the slot in which it has effect, or 0.
    private var effectiveAt: [UInt64] = []
    /// By number of the append: somebody was told that it never has effect.
    private var isRefused: [Bool] = []
    /// The slots in which tokens have effect; of batches the first.
    private var effectiveTokens: [Token: Slot] = [:]
    /// Somebody was told that these never have effect.
    private var refusedTokens: Set<Token> = []
    /// By node.
    private var sessions: [Session?] = []

    package init() {}

    /// The place of the first event above a slot.
    package func position(above slot: Slot) -> Int {
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].slot <= slot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The slot in which an append has effect, if it has.
    package func slot(of append: Int) -> Slot? {
        guard append < effectiveAt.count, effectiveAt[append] != 0 else { return nil }
        return Slot(rawValue: effectiveAt[append])
    }

    /// The slot in which an append with this token has effect, if one has.
    package func slot(of token: Token) -> Slot? { effectiveTokens[token] }

    /// True if a later boot of the token's node has an entry.
    func isEnded(_ token: Token) -> Bool {
        let index = Int(token.node.rawValue)
        return index < sessions.count && sessions[index].map { $0.boot > token.boot } ?? false
    }

    mutating func refuse(_ token: Token) throws(Violation) {
        try demand(
            effectiveTokens[token] == nil,
            .never,
            "\(token) has effect and is said to be never"
        )
        refusedTokens.insert(token)
    }

    mutating func refuse(append: Int) throws(Violation) {
        try demand(
            slot(of: append) == nil,
            .never,
            "append \(append) has effect and is said to be never"
        )
        while isRefused.count <= append { isRefused.append(false) }
        isRefused[append] = true
    }

    mutating func advance(
        through end: Slot,
        entry: (Slot) -> Entry?
    ) throws(Violation) {
        while decidedThrough < end, let first = entry(decidedThrough.next) {
            guard case .command(let command) = first else {
                if case .void(let token) = first { _ = consume(token) }
                decidedThrough = decidedThrough.next
                continue
            }
            // Whoever leads proposes it as its next slot and nowhere else, so that no slot is wasted.
            let place = decidedThrough.rawValue + 1 - UInt64(command.index)
            try demand(
                command.at == .zero || command.at.rawValue == place,
                .condition,
                "slot \(decidedThrough.next) holds a part of what asked for slot \(command.at) on"
            )
            guard let run = run(from: command, end: end, entry: entry) else { return }
            guard run.isWhole else {
                decidedThrough = decidedThrough.next
                continue
            }
            let isFirst = consume(command.token)
            for part in run.commands {
                decidedThrough = decidedThrough.next
                if isFirst { try add(part) }
            }
        }
    }

    private struct Run {
        var commands: [Command] = []
        var isWhole = false
    }

    /// The run that begins in the next slot; `nil` if its end is not chosen yet.
    private func run(from first: Command, end: Slot, entry: (Slot) -> Entry?) -> Run? {
        var run = Run(commands: [first])
        guard first.index == 0 else { return run }
        var slot = decidedThrough.next.next
        while run.commands.count < Int(first.count) {
            guard slot <= end, let next = entry(slot) else { return nil }
            guard case .command(let command) = next, command.token == first.token,
                command.count == first.count, command.at == first.at,
                Int(command.index) == run.commands.count
            else { return run }
            run.commands.append(command)
            slot = slot.next
        }
        run.isWhole = true
        return run
    }

    private mutating func consume(_ token: Token) -> Bool {
        let index = Int(token.node.rawValue)
        while sessions.count <= index { sessions.append(nil) }
        var session = sessions[index] ?? Session(boot: token.boot, seen: NumberRanges())
        if token.boot < session.boot { return false }
        if token.boot > session.boot { session = Session(boot: token.boot, seen: NumberRanges()) }
        defer { sessions[index] = session }
        guard !session.seen.contains(token.sequence) else { return false }
        session.seen.insert(token.sequence...token.sequence)
        return true
    }

    private mutating func add(_ command: Command) throws(Violation) {
        let slot = decidedThrough
        guard let label = PayloadLabel(command.payload) else {
            throw Violation(.delivery, "slot \(slot) holds a payload that nobody appended")
        }
        try demand(
            label.index == Int(command.index) && label.count == Int(command.count),
            .batch,
            "slot \(slot) holds \(label), its command says \(command.index) of \(command.count)"
        )
        if label.index == 0 {
            try demand(
                !refusedTokens.contains(command.token),
                .never,
                "\(command.token) was said to be never and has effect in slot \(slot)"
            )
            effectiveTokens[command.token] = slot
            try demand(
                !(label.append < isRefused.count && isRefused[label.append]),
                .never,
                "append \(label.append) was said to be never and has effect in slot \(slot)"
            )
            try demand(
                self.slot(of: label.append) == nil,
                .acknowledgement,
                "append \(label.append) has effect twice, now in slot \(slot) (R27)"
            )
            while effectiveAt.count <= label.append { effectiveAt.append(0) }
            effectiveAt[label.append] = slot.rawValue
        } else {
            let previous = events.last
            try demand(
                previous?.slot.next == slot && previous?.label.append == label.append
                    && previous?.label.index == label.index - 1,
                .batch,
                "slot \(slot) holds \(label) and does not follow its batch"
            )
        }
        events.append(Event(slot: slot, label: label))
    }
}

/// What the world writes into each payload, to know it again.
package struct PayloadLabel: Hashable, Sendable, CustomStringConvertible {
    /// What a label takes of a payload.
    package static let bytes = 8

    package let append: Int
    package let index: Int
    package let count: Int

    package init(append: Int, index: Int, count: Int) {
        self.append = append
        self.index = index
        self.count = count
    }

    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.bytes else { return nil }
        var number: UInt64 = 0
        for byte in payload.prefix(8).reversed() { number = number << 8 | UInt64(byte) }
        append = Int(number >> 24)
        index = Int(number >> 12 & 0xFFF)
        count = Int(number & 0xFFF)
    }

    /// The payload, filled up to `size` bytes.
    package func payload(size: Int) -> [UInt8] {
        let number = UInt64(append) << 24 | UInt64(index) << 12 | UInt64(count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        bytes.append(littleEndian: number)
        while bytes.count < size { bytes.append(0x61) }
        return bytes
    }

    package var description: String {
        count == 1 ? "a\(append)" : "a\(append)[\(index + 1)/\(count)]"
    }
}
