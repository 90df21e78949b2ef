/// When a member goes on behind a base (`R42`).
package struct InstallingRule: Hashable, Sendable {
    /// Not before the host's snapshot that was offered with it is on its own disk.
    package var awaitsSnapshot = true

    package init() {}

    package static let whole = InstallingRule()
}
