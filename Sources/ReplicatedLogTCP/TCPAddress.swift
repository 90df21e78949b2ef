/// Where a node listens, or is reached: a host and a port.
public struct TCPAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name, or an address of IPv4 or IPv6. Names are resolved anew for each connection.
    public var host: String
    /// 0 lets the system choose, for a node that listens.
    public var port: UInt16

    /// Makes an address.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, with an address of IPv6 in brackets, as in `[::1]:7001`; `nil` for anything
    /// else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]", host.count > 2 {
            host = host.dropFirst().dropLast()
        } else if host.contains(where: { $0 == ":" || $0 == "[" || $0 == "]" }) {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    /// The text that `init(_:)` reads.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
