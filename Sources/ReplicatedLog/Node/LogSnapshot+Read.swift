public import LogStorage

extension LogSnapshot {
    /// Reads the state that the host has written, on a thread of its own.
    ///
    /// ```swift
    /// let balances = try await snapshot.read { reader in try Balances(restoring: &reader) }
    /// ```
    ///
    /// Each chunk is checked before anything of it is handed out; no more than one is held. Cancelling the
    /// task does not end the closure.
    ///
    /// - Throws: What the closure throws; `SnapshotError` comes from the reader.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (inout LogSnapshot.Reader) throws -> Value
    ) async throws -> Value {
        try await offPool { () throws(any Error) in
            var reader = LogSnapshot.Reader(self)
            return try body(&reader)
        }.get()
    }
}
