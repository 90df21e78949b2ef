/// Which committed commands reach subscribers, by the effect that their place in the log gives them (`R27`,
/// `R71`, `R72`).
package struct DeliveryRule: Hashable, Sendable {
    package var effective: Bool
    package var repeated: Bool
    package var sessionEnded: Bool
    package var torn: Bool
    package var elsewhere: Bool

    package init(
        effective: Bool,
        repeated: Bool,
        sessionEnded: Bool,
        torn: Bool,
        elsewhere: Bool
    ) {
        self.effective = effective
        self.repeated = repeated
        self.sessionEnded = sessionEnded
        self.torn = torn
        self.elsewhere = elsewhere
    }

    package static let paxos = DeliveryRule(
        effective: true,
        repeated: false,
        sessionEnded: false,
        torn: false,
        elsewhere: false
    )

    func delivers(_ effect: Effect) -> Bool {
        switch effect {
        case .effective: effective
        case .repeated: repeated
        case .sessionEnded: sessionEnded
        case .torn: torn
        case .elsewhere: elsewhere
        }
    }
}
