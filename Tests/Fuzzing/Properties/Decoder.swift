/// What must hold of each decoder whatever the bytes are: it never traps, what it takes is written again
/// as the very bytes it was read from, and nothing damaged or out of its place is taken. Checked by
/// libFuzzer (`Scripts/fuzz`) on inputs that it makes up, and by `swift test` on those in
/// `Tests/Fuzzing/Corpus`.
package enum Decoder: String, CaseIterable, Sendable {
    case frame, envelope, handshake, connection, row, state

    /// Checks one input; Input.swift has its bytes.
    ///
    /// - Returns: Whether the decoder took anything of it.
    /// - Throws: What does not hold.
    @discardableResult
    package func check(_ bytes: [UInt8]) throws(Violation) -> Bool {
        var input = Input(bytes)
        return switch self {
        case .frame: try Frames.check(&input)
        case .envelope: try Envelopes.check(&input)
        case .handshake: try Handshakes.check(&input)
        case .connection: try Connections.check(&input)
        case .row: try Rows.check(&input)
        case .state: try States.check(&input)
        }
    }

    /// As libFuzzer wants it: ends the process when a property does not hold.
    package func checkOrTrap(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
        do throws(Violation) {
            try check(Array(bytes))
            return 0
        } catch {
            // An optimised build prints no other trap's message.
            fatalError("\(rawValue): \(error)")
        }
    }
}

/// A property that does not hold of an input.
package struct Violation: Error, CustomStringConvertible {
    package let description: String
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    guard holds else { throw Violation(description: what()) }
}
