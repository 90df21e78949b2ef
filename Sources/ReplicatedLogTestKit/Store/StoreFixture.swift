package import PaxosCore

/// What `StoreConformance` needs to know of a store: how to open one, and how to break it.
///
/// Stores are no extension point for embedders: `LogStore` and this are of this package alone.
package protocol StoreFixture: Sendable {
    /// Opens a store of node 1 of the members 1, 2 and 3. `medium` names what it lies on: nothing is on
    /// it the first time, and what was written there afterwards, when the store opened before has
    /// ended.
    func open(_ medium: String) async throws -> any LogStore

    /// Makes the flush fail of the next batch that is submitted.
    ///
    /// - Returns: False if there is no way to do that.
    func failNextFlush(of store: any LogStore) async -> Bool
}
