import LogCommands
import PaxosCore
import ReplicatedLog

/// One line of standard input.
struct Request: Sendable {
    enum Operation: Sendable {
        case append([UInt8], at: Slot?, timeout: Duration?, onUnknown: LogNode.OnUnknown)
        case appendBatch([[UInt8]], at: Slot?, timeout: Duration?, onUnknown: LogNode.OnUnknown)
        case resolve(Token, settle: Bool, timeout: Duration?)
        case barrier(timeout: Duration?)
        case read(ClosedRange<Slot>)
        case subscribe(from: Slot)
        case events
        case unsubscribe
        case trim(through: Slot, pastSnapshots: Bool, pastCursors: Bool, timeout: Duration?)
        case cursor(CursorName, Slot?, timeout: Duration?)
        case removeCursor(CursorName, timeout: Duration?)
        case wait(Slot, timeout: Duration?)
        case snapshot(through: Slot, [UInt8])
        case transfer(NodeID, timeout: Duration?)
        case explain
        case status
        case shutdown
        /// Known, and not there yet.
        case unsupported
    }

    /// As it was given: a text or a number.
    let id: JSON
    let operation: Operation

    /// - Throws: `InvalidRequest`: nothing happens then.
    init(_ line: [UInt8]) throws(InvalidRequest) {
        guard let object = JSON(parsing: line), case .object = object else {
            throw InvalidRequest("not a JSON object")
        }
        switch object["id"] {
        case .string(let id)?: self.id = .string(id)
        case .integer(let id)?: self.id = .integer(id)
        case .unsigned(let id)?: self.id = .unsigned(id)
        default: throw InvalidRequest("id must be a string or a whole number")
        }
        guard let name = object["op"]?.asString else { throw InvalidRequest("op is missing") }
        operation = try Self.operation(name, object)
    }

    /// What is not there yet is refused, and never left out of an append that is made.
    private static func isUnsupported(_ object: JSON) -> Bool {
        ["token", "key", "fence"].contains { object[$0] != nil }
    }

    private static func operation(
        _ name: String,
        _ object: JSON
    ) throws(InvalidRequest) -> Operation {
        switch name {
        case "append":
            let payload = try payload(object)
            if Self.isUnsupported(object) { return .unsupported }
            return .append(
                payload,
                at: try expectedSlot(object),
                timeout: try timeout(object),
                onUnknown: try onUnknown(object)
            )
        case "append_batch":
            if Self.isUnsupported(object) { return .unsupported }
            return .appendBatch(
                try payloads(object),
                at: try expectedSlot(object),
                timeout: try timeout(object),
                onUnknown: try onUnknown(object)
            )
        case "resolve":
            guard let token = object["token"]?.asString.flatMap({ Token($0) }) else {
                throw InvalidRequest("token must be NODE-BOOT-SEQUENCE, as in 1-3-250")
            }
            return .resolve(
                token,
                settle: try flag("settle", object),
                timeout: try timeout(object)
            )
        case "barrier": return .barrier(timeout: try timeout(object))
        case "read":
            let from = try slot("from", object)
            let to = try slot("to", object)
            guard from <= to else { throw InvalidRequest("from must not be above to") }
            return .read(from...to)
        case "subscribe": return .subscribe(from: try slot("from", object))
        case "events": return .events
        case "unsubscribe": return .unsubscribe
        case "explain": return .explain
        case "status": return .status
        case "shutdown": return .shutdown
        case "trim":
            return .trim(
                through: try slot("through", object),
                pastSnapshots: try flag("past_snapshots", object),
                pastCursors: try flag("past_cursors", object),
                timeout: try timeout(object)
            )
        case "cursor": return try cursor(object)
        case "wait": return .wait(try slot("slot", object), timeout: try timeout(object))
        case "snapshot":
            return .snapshot(through: try slot("through", object), try payload(object))
        case "transfer":
            return .transfer(try member("to", object), timeout: try timeout(object))
        default: throw InvalidRequest("there is no op \(name)")
        }
    }

    private static func cursor(_ object: JSON) throws(InvalidRequest) -> Operation {
        guard let text = object["name"]?.asString else { throw InvalidRequest("name is missing") }
        let name: CursorName
        do throws(InvalidCursorName) {
            name = try CursorName(text)
        } catch {
            throw InvalidRequest(error.description)
        }
        let time = try timeout(object)
        if try flag("remove", object) { return .removeCursor(name, timeout: time) }
        let place = object["slot"] == nil ? nil : try slot("slot", object)
        return .cursor(name, place, timeout: time)
    }

    private static func flag(_ name: String, _ object: JSON) throws(InvalidRequest) -> Bool {
        guard case .bool(let flag) = object[name] ?? .bool(false) else {
            throw InvalidRequest("\(name) must be true or false")
        }
        return flag
    }

    private static func payload(_ object: JSON) throws(InvalidRequest) -> [UInt8] {
        switch (object["payload"], object["payload_base64"]) {
        case (.string(let text)?, nil): return Array(text.utf8)
        case (nil, .string(let text)?):
            guard let bytes = Base64.decode(text) else {
                throw InvalidRequest("payload_base64 is not base 64")
            }
            return bytes
        default: throw InvalidRequest("one of payload and payload_base64 must be a string")
        }
    }

    /// Texts, or in base 64.
    private static func payloads(_ object: JSON) throws(InvalidRequest) -> [[UInt8]] {
        let isEncoded = object["payloads_base64"] != nil
        guard let values = (object["payloads"] ?? object["payloads_base64"])?.asArray else {
            throw InvalidRequest("payloads must be an array of strings")
        }
        var payloads: [[UInt8]] = []
        for value in values {
            guard let text = value.asString,
                let bytes = isEncoded ? Base64.decode(text) : Array(text.utf8)
            else { throw InvalidRequest("payloads must be an array of strings") }
            payloads.append(bytes)
        }
        return payloads
    }

    private static func onUnknown(_ object: JSON) throws(InvalidRequest) -> LogNode.OnUnknown {
        switch object["on_unknown"] {
        case nil, .string("report")?: return .report
        case .string("settle")?: return .settle
        default: throw InvalidRequest("on_unknown must be report or settle")
        }
    }

    /// The slot in which alone the first payload may stand.
    private static func expectedSlot(_ object: JSON) throws(InvalidRequest) -> Slot? {
        object["expected_slot"] == nil ? nil : try slot("expected_slot", object)
    }

    private static func slot(_ name: String, _ object: JSON) throws(InvalidRequest) -> Slot {
        guard let number = object[name]?.asUnsigned, number >= 1, number < 1 << 62 else {
            throw InvalidRequest("\(name) must be a slot, from 1")
        }
        return Slot(rawValue: number)
    }

    private static func member(_ name: String, _ object: JSON) throws(InvalidRequest) -> NodeID {
        guard let node = object[name]?.asUnsigned.flatMap(NodeID.init(rawValue:)) else {
            throw InvalidRequest("\(name) must be the number of a member")
        }
        return node
    }

    private static func timeout(_ object: JSON) throws(InvalidRequest) -> Duration? {
        guard let value = object["timeout_ms"] else { return nil }
        guard let milliseconds = value.asUnsigned, milliseconds <= 1 << 40 else {
            throw InvalidRequest("timeout_ms must be a whole number")
        }
        return .milliseconds(Int64(milliseconds))
    }
}

/// A line that asks for nothing.
struct InvalidRequest: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
