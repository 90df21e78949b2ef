/// Something that was sent to one member and is not sent again until it is lost: until a probe that was
/// sent behind it is answered, and it is not.
struct Underway: Hashable, Sendable {
    /// The first probe behind it.
    private var probe: UInt64?

    init() {}

    var isProbed: Bool { probe != nil }

    mutating func noteProbe(_ id: UInt64) {
        probe = probe ?? id
    }

    func isLost(_ answered: UInt64) -> Bool {
        probe.map { answered >= $0 } ?? false
    }
}
