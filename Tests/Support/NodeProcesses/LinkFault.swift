/// What a link between two members does to what is sent over it.
package enum LinkFault: String, CaseIterable, Hashable, Sendable {
    /// Everything arrives 20 to 200 ms late.
    case delay
    /// Nothing arrives, and nobody is told; what was held arrives when the link is healed.
    case blackHole = "black-hole"
    /// Connections are reset, those that are made anew too.
    case reset
    /// Bits are flipped.
    case corrupt
    /// Frames arrive twice.
    case duplicate
    /// A frame arrives after the next one.
    case reorder
    /// Frames are left out.
    case leaveOut = "leave-out"

    package var name: String { rawValue }
}
