#if TLS
internal import NIOSSL
internal import Platform

extension TLSIdentity {
    /// From when on and until when all the certificates that are shown hold, in seconds since 1970.
    struct Validity: Sendable {
        let from: Int
        let until: Int

        init(_ chain: [NIOSSLCertificate]) {
            from = chain.map { Int($0.notValidBefore) }.max() ?? .min
            until = chain.map { Int($0.notValidAfter) }.min() ?? .max
        }
    }

    /// When the first of the certificates that are shown expires, in UTC: `2027-01-31T12:00:00Z`.
    public var expires: String { Self.date(validity.until) }

    /// How long the certificates still hold; not positive once one has expired.
    public var timeLeft: Duration { .seconds(validity.until - WallClock.seconds()) }

    /// Whether it is time for new ones: less than 30 days are left, and less than a third of what they
    /// hold in all.
    public var isExpiring: Bool {
        let left = timeLeft
        let all = Duration.seconds(validity.until - validity.from)
        return left < .seconds(30 * 86_400) && left < all / 3
    }

    /// Refuses what no peer would take.
    func checkValidity() throws(TCPTransportError) {
        let now = WallClock.seconds()
        guard now < validity.until else { throw .certificateExpired(expires) }
        guard now >= validity.from else { throw .certificateNotYetValid(Self.date(validity.from)) }
    }

    /// The calendar of RFC 3339, from days since 1970 (Hinnant, chrono-compatible date algorithms).
    private static func date(_ seconds: Int) -> String {
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let rest = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let inYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * inYear + 2) / 153
        let calendar = month < 10 ? month + 3 : month - 9
        return two(year + era * 400 + (calendar <= 2 ? 1 : 0), 4) + "-" + two(calendar) + "-"
            + two(inYear - (153 * month + 2) / 5 + 1) + "T" + two(rest / 3_600) + ":"
            + two(rest / 60 % 60) + ":" + two(rest % 60) + "Z"
    }

    private static func two(_ number: Int, _ places: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, places - digits.count)) + digits
    }
}
#endif
