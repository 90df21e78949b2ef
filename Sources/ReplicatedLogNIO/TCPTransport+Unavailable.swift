#if !NIO
/// Joins processes over TCP, with swift-nio: there with the package trait `NIO` alone.
@available(
    *,
    unavailable,
    message: "enable the trait: .package(url: …swift-replicated-log, traits: [\"NIO\"])"
)
public enum TCPTransport {}
#endif
