internal import LMDB
package import LogWire
package import PaxosCore
internal import Platform

extension LMDBStore {
    /// Makes a data directory: its identity, nothing promised, nothing accepted.
    ///
    /// When it returns, the directory with everything in it survives power loss. It appears whole or not
    /// at all: LMDB's own creation is not crash-safe, so the log is made under another name beside it,
    /// committed, closed, synced, renamed into place, and the parent synced (`R32`). What a crash leaves
    /// of it, `.NAME.creating-...`, is nobody's and may be removed. Missing parents are made too.
    ///
    /// Blocks; call it on a thread of your own.
    @discardableResult
    package static func create(
        at directory: String,
        cluster: ClusterID,
        node: NodeID,
        membership: Membership,
        storage: StorageOptions = StorageOptions(),
        limits: Limits = Limits()
    ) throws(LogCreateError) -> DirectoryIdentity {
        if let invalid = storage.invalidity { throw .invalidStorage(invalid) }
        guard membership.contains(node) else { throw .notAMember(node: node) }
        let identity = DirectoryIdentity.founding(cluster, node, membership, limits.shape)
        FileLimit.ignoreSignal()
        let place = NewDirectory(directory)
        try place.prepare(storage)
        do throws(LogCreateError) {
            let environment = try place.open(storage)
            do throws(TransactionError<LMDBError>) {
                try write(identity, to: environment)
            } catch {
                throw place.refusal(error)
            }
            try place.close(environment, storage)
            try place.moveIntoPlace()
        } catch {
            place.discard()
            throw error
        }
        return identity
    }

    private static func write(
        _ identity: DirectoryIdentity,
        to environment: borrowing Environment
    ) throws(TransactionError<LMDBError>) {
        let tables = try Schema.Tables(makingIn: environment)
        let coding = StateCoding(cluster: identity.cluster)
        let values = StoredLog.values(of: .founding(identity), coding)
        try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            try txn.put(identity.storedBytes, for: Schema.identityKey, in: tables.state)
            for (name, value) in values { try txn.put(value, for: name.key, in: tables.state) }
        }
    }
}
