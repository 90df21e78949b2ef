package import PaxosCore

/// The payload of a command, where it lies in a page of the file that was read, or in the array that brought it:
/// nobody copies it, and whoever holds it holds the page.
package struct HeldPayload: Sendable {
    package let slot: Slot
    private let page: [UInt8]
    private let place: Range<Int>

    init(slot: Slot, page: [UInt8], place: Range<Int>) {
        precondition(place.upperBound <= page.count, "a payload lies in its page")
        self.slot = slot
        self.page = page
        self.place = place
    }

    package init(slot: Slot, payload: [UInt8]) {
        self.init(slot: slot, page: payload, place: payload.indices)
    }

    package var count: Int { place.count }

    /// Lends the bytes for the time of the call.
    package func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        body(page.span.extracting(place).bytes)
    }

    /// The bytes as an array of their own, unless they are one.
    package var payload: [UInt8] {
        place == page.indices ? page : Array(page[place])
    }
}

/// As `RowPage`, with nothing but the payloads of the commands.
package struct PayloadPage: Sendable {
    package let payloads: [HeldPayload]
    package let through: Slot
    package let ineffective: [Slot]

    init(payloads: [HeldPayload], through: Slot, ineffective: [Slot]) {
        self.payloads = payloads
        self.through = through
        self.ineffective = ineffective
    }

    /// Of rows that were read whole.
    package init(_ page: RowPage) {
        payloads = page.rows.compactMap { row in
            guard case .command(let command) = row.entry else { return nil }
            return HeldPayload(slot: row.slot, payload: command.payload)
        }
        through = page.through
        ineffective = page.ineffective
    }
}
