/// A state of a data file, as one of its two meta pages holds it: where its trees begin.
package struct FileState: Hashable, Sendable {
    /// The table of tables.
    package let main: TableRecord
    /// The pages that are free, by the transaction that freed them.
    package let free: TableRecord
    package let lastPage: UInt64
    package let transaction: UInt64
    /// The transaction that made the roots: another where an opening has undone one.
    package let roots: UInt64

    init(_ meta: MetaPage, roots: UInt64) {
        main = meta.main
        free = meta.free
        lastPage = meta.lastPage
        transaction = meta.transaction
        self.roots = roots
    }
}
