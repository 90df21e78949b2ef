/// The pages that a walk has read.
package final class PagesReached: @unchecked Sendable {
    // Unchecked: the set is reached with the mutex held.
    private let mutex = PosixMutex()
    private var pages: Set<UInt64> = []

    package init() {}

    func insert(_ page: UInt64) {
        mutex.lock()
        defer { mutex.unlock() }
        pages.insert(page)
    }

    func insert(_ added: Range<UInt64>) {
        mutex.lock()
        defer { mutex.unlock() }
        pages.formUnion(added)
    }

    /// The first of these pages that was read.
    func first(of others: [UInt64]) -> UInt64? {
        mutex.lock()
        defer { mutex.unlock() }
        return others.first(where: pages.contains)
    }
}
