/// The names of a directory tree at a point of a recording: the tree as it was, the changes since,
/// and which of them a crash cannot undo.
///
/// A change is durable when every directory it touched was synced by an fsync that began after it.
/// Of the others a crash keeps a prefix, in order: file systems journal names, and a journal is
/// cut, not shuffled. That fsync of a new file would save its name on some of them is not relied
/// on. Directories and files are known by number, so that a file keeps its bytes and a directory
/// what is in it whatever they are called.
struct CrashNames: Sendable {
    enum Node: Hashable, Sendable {
        case directory(Int)
        case file(Int)
    }

    struct Place: Hashable, Sendable {
        let directory: Int
        let name: String
    }

    enum Change: Sendable {
        case link(Place, Node)
        case remove(Place)
        case rename(from: Place, to: Place)
    }

    struct Step: Sendable {
        let event: Int
        let change: Change
        var unsynced: Set<Int>
    }

    typealias Tree = [Place: Node]

    static let root = 0

    /// The tree after all steps before `steps`, which are durable.
    private(set) var base: Tree = [:]
    private(set) var steps: [Step] = []
    /// The tree as the running system sees it.
    private(set) var live: Tree = [:]
    private var next = 1

    /// A number for something new.
    mutating func makeNumber() -> Int {
        defer { next += 1 }
        return next
    }

    /// Puts something there that was there before the recording.
    mutating func place(_ node: Node, at path: String) {
        guard let place = place(of: path) else { return }
        base[place] = node
        live[place] = node
    }

    mutating func add(_ change: Change, event: Int) {
        let touched: Set<Int>
        switch change {
        case .link(let place, _), .remove(let place): touched = [place.directory]
        case .rename(let from, let to): touched = [from.directory, to.directory]
        }
        steps.append(Step(event: event, change: change, unsynced: touched))
        Self.apply(change, to: &live)
    }

    mutating func synced(directory: Int, before event: Int) {
        for index in steps.indices where steps[index].event < event {
            steps[index].unsynced.remove(directory)
        }
        let durable = steps.prefix { $0.unsynced.isEmpty }
        for step in durable { Self.apply(step.change, to: &base) }
        steps.removeFirst(durable.count)
    }

    /// How many changes a crash may undo.
    var pendingCount: Int { steps.count { !$0.unsynced.isEmpty } }

    /// The tree if so many of the undoable changes survived, the first ones.
    func tree(keeping count: Int) -> Tree {
        var tree = base
        var pending = 0
        for step in steps {
            if !step.unsynced.isEmpty {
                pending += 1
                if pending > count { continue }
            }
            Self.apply(step.change, to: &tree)
        }
        return tree
    }

    /// The place of a path in the live tree; nil if its parent is not there.
    func place(of path: String) -> Place? {
        let parts = path.split(separator: "/").map(String.init)
        guard let name = parts.last, !path.hasPrefix("/") else { return nil }
        var directory = Self.root
        for part in parts.dropLast() {
            let found = live[Place(directory: directory, name: part)]
            guard case .directory(let number)? = found else { return nil }
            directory = number
        }
        return Place(directory: directory, name: name)
    }

    /// What is at a path in the live tree.
    func node(at path: String) -> Node? {
        path.isEmpty ? .directory(Self.root) : place(of: path).flatMap { live[$0] }
    }

    private static func apply(_ change: Change, to tree: inout Tree) {
        switch change {
        case .link(let place, let node): tree[place] = node
        case .remove(let place): tree[place] = nil
        case .rename(let from, let to):
            if let node = tree.removeValue(forKey: from) { tree[to] = node }
        }
    }
}
