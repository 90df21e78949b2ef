internal import LMDB
internal import LogWire

extension Schema {
    /// The handles of an environment's tables.
    struct Tables: Sendable {
        let accepted: IntegerDatabase
        let state: BytesDatabase
        let ineffective: IntegerDatabase

        init(
            in environment: borrowing Environment,
            state: BytesDatabase,
            create: Bool
        ) throws(TransactionError<LMDBError>) {
            self.state = state
            accepted = try environment.openDatabase(
                Schema.accepted,
                keys: UInt64.self,
                create: create
            )
            ineffective = try environment.openDatabase(
                Schema.ineffective,
                keys: UInt64.self,
                create: create
            )
        }

        /// The tables of a log that is being made.
        init(
            makingIn environment: borrowing Environment
        ) throws(TransactionError<LMDBError>) {
            let state = try Schema.openState(in: environment, create: true)
            try self.init(in: environment, state: state, create: true)
        }

        /// Pages in use by the tables, and a few for the tree that holds them.
        func livePages<Access>(_ txn: borrowing Transaction<Access>) throws(LMDBError) -> Int {
            let rows = try txn.pageCount(in: accepted)
            let values = try txn.pageCount(in: state)
            return rows + values + (try txn.pageCount(in: ineffective)) + 8
        }
    }

    /// The table by whose `identity` a directory is known, whatever its version.
    static func openState(
        in environment: borrowing Environment,
        create: Bool
    ) throws(TransactionError<LMDBError>) -> BytesDatabase {
        try environment.openDatabase(state, keys: [UInt8].self, create: create)
    }
}
