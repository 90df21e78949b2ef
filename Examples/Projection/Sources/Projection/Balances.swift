import Dispatch
import LMDB
import ReplicatedLog

/// What the log makes of every account, in an LMDB file of this application.
///
/// One transaction holds a page of entries and the slot up to which they go. So after a kill or a power cut the balances
/// are those of exactly the entries up to that slot, wherever it was: an entry that is delivered again is none of
/// those behind it, and counts once.
///
/// A commit waits for the disk, so all of this is on a queue of its own and never in the cooperative pool.
actor Balances {
    private let queue = OwnQueue()
    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    private let environment: Environment
    private let accounts: BytesDatabase
    private let place: BytesDatabase
    private static let slot = Array("slot".utf8)

    /// Opens the file, or makes it. LMDB does not make one safely against a power cut: what is lost then has held
    /// nothing, and the log is read from its beginning.
    init(path: String) throws {
        let environment = try Environment.open(path: path, options: .init(mapSize: 1 << 32))
        accounts = try environment.openDatabase("accounts", keys: [UInt8].self, create: true)
        place = try environment.openDatabase("place", keys: [UInt8].self, create: true)
        self.environment = environment
    }

    /// The slot up to which the balances go.
    var position: Slot {
        get throws {
            let number = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try txn.get(Self.slot, in: place) { $0.unsafeLoadUnaligned(as: UInt64.self) }
            }
            return Slot(rawValue: number ?? 0)
        }
    }

    /// Takes a page in: all of it, with its end, or nothing.
    func apply(_ page: LogPage) throws {
        try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            for entry in page.entries {
                let payment = Payment(entry.payload)
                let before = try txn.get(payment.account, in: accounts) {
                    $0.unsafeLoadUnaligned(as: Int64.self)
                }
                let balance = (before ?? 0) + payment.amount
                try txn.put(bytes(of: balance), for: payment.account, in: accounts)
            }
            try txn.put(bytes(of: page.through.rawValue), for: Self.slot, in: place)
        }
    }

    /// All of them, by account.
    var all: [[UInt8]: Int64] {
        get throws {
            var found: [[UInt8]: Int64] = [:]
            try environment.withRead { (txn: borrowing ReadTransaction) throws(LMDBError) in
                try txn.forEachRow(in: accounts) { account, balance in
                    found[account] = balance.unsafeLoadUnaligned(as: Int64.self)
                    return true
                }
            }
            return found
        }
    }
}

/// Runs what waits for a disk.
private final class OwnQueue: SerialExecutor {
    private let queue = DispatchQueue(label: "balances")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

private func bytes(of number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
}
