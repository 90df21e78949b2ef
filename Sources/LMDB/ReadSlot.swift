/// A reader kept for reuse: one entry of the reader table, renewed for each transaction and reset
/// after it. Somewhat cheaper than ``Environment/withRead(_:)``, which takes an entry every time.
///
/// One per reading thread, or a pool behind a lock: any thread may use it, one at a time. Between
/// two transactions it holds back no pages. It keeps the environment open until it is gone.
public struct ReadSlot: ~Copyable, @unchecked Sendable {
    @usableFromInline
    let handle: EnvironmentHandle
    @usableFromInline
    let pointer: OpaquePointer

    init(handle: EnvironmentHandle) throws(LMDBError) {
        self.pointer = try handle.beginRead()
        self.handle = handle
        Raw.reset(pointer)
    }

    deinit {
        handle.endRead(pointer)
    }

    /// Runs `body` in a read transaction on the state of the last commit; as
    /// ``Environment/withRead(_:)``.
    @inlinable
    public mutating func withRead<R: ~Copyable, E: Error>(
        _ body: (borrowing ReadTransaction) throws(E) -> R
    ) throws(TransactionError<E>) -> R {
        do throws(LMDBError) {
            try Raw.renew(pointer)
        } catch {
            throw .begin(error)
        }
        defer { Raw.reset(pointer) }
        do throws(E) {
            return try body(ReadTransaction(pointer: pointer))
        } catch {
            throw .body(error)
        }
    }
}

extension Environment {
    /// Takes an entry of the reader table for reuse.
    ///
    /// - Throws: ``LMDBError/readersFull`` when all are taken.
    public func makeReadSlot() throws(LMDBError) -> ReadSlot {
        try ReadSlot(handle: handle)
    }
}
