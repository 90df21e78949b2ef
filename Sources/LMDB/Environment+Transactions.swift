extension Environment {
    /// Runs `body` in the write transaction and commits when it returns; aborts when it throws.
    ///
    /// Waits for other writers first. Returns the body's value after the commit: then the changes
    /// are visible to new readers, and durable unless ``Options/noSync`` is set; with
    /// ``Options/sealed`` readers see them before they are durable. A commit without changes flushes
    /// nothing and proves nothing about earlier ones. Begin, body and commit happen on the calling
    /// thread.
    ///
    /// An error of LMDB that the body catches may have spoiled the transaction; the commit then
    /// fails with ``LMDBError/badTransaction``. Keep a transaction to a few MiB of changes: larger
    /// ones write early, and above 512 MiB LMDB 0.9.24 leaks pages.
    ///
    /// - Throws: ``TransactionError``: where it failed. Nothing of the transaction remains, unless
    ///   ``TransactionError/isFinal``: then the outcome is unknown, and the environment must be
    ///   closed.
    @inlinable
    public func withWrite<R: ~Copyable, E: Error>(
        _ body: (inout WriteTransaction) throws(E) -> R
    ) throws(TransactionError<E>) -> R {
        let pointer = try handle.beginWrite(for: E.self)
        var transaction = WriteTransaction(pointer: pointer)
        let result: R
        do throws(E) {
            result = try body(&transaction)
        } catch {
            handle.abortWrite(pointer)
            throw .body(error)
        }
        do throws(LMDBError) {
            try handle.commitWrite(pointer)
        } catch {
            throw .commit(error)
        }
        do throws(LMDBError) {
            try handle.sealWrite()
        } catch {
            throw .seal(error)
        }
        return result
    }

    /// Runs `body` in a read transaction on the state of the last commit.
    ///
    /// Waits for nobody. That state may not be durable yet: bound what you let others see by your
    /// own record of what is. Be short: pages freed meanwhile cannot be reused.
    ///
    /// - Throws: ``TransactionError``, never `commit`; `begin` with ``LMDBError/readersFull`` when
    ///   all reader slots are taken.
    @inlinable
    public func withRead<R: ~Copyable, E: Error>(
        _ body: (borrowing ReadTransaction) throws(E) -> R
    ) throws(TransactionError<E>) -> R {
        let pointer: OpaquePointer
        do throws(LMDBError) {
            pointer = try handle.beginRead()
        } catch {
            throw .begin(error)
        }
        defer { handle.endRead(pointer) }
        do throws(E) {
            return try body(ReadTransaction(pointer: pointer))
        } catch {
            throw .body(error)
        }
    }
}
