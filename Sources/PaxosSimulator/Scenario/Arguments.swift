import PaxosCore

/// The words after a command's name, taken one by one.
struct Arguments {
    private var words: ArraySlice<String>
    private let scene: Scene

    init(_ words: [String], scene: Scene) {
        self.words = words[...]
        self.scene = scene
    }

    var isEmpty: Bool { words.isEmpty }
    var rest: [String] { Array(words) }

    mutating func word() throws(CommandError) -> String {
        guard let word = words.popFirst() else { throw CommandError("a word is missing") }
        return word
    }

    mutating func number() throws(CommandError) -> Int {
        let word = try word()
        guard let number = Int(word), number >= 0 else {
            throw CommandError("\(word) is no number")
        }
        return number
    }

    mutating func slot() throws(CommandError) -> Slot {
        Slot(rawValue: UInt64(try number()))
    }

    mutating func node() throws(CommandError) -> SimulatedNode {
        try scene.node(named: word())
    }

    mutating func process() throws(CommandError) -> (SimulatedNode, SimulatedProcess) {
        let node = try node()
        guard let process = node.process else { throw CommandError("\(node.label) is down") }
        return (node, process)
    }

    /// The nodes that are named, or all.
    mutating func nodes() throws(CommandError) -> [SimulatedNode] {
        if words.isEmpty { return scene.world.nodes }
        var nodes: [SimulatedNode] = []
        while !words.isEmpty { nodes.append(try node()) }
        return nodes
    }

    /// `KIND,KIND`, or `any`, and after it, if any, `n1 -> n2`, with `*` for anybody.
    mutating func pattern() throws(CommandError) -> MessagePattern {
        let kinds = try word()
        var pattern = MessagePattern()
        if kinds != "any" { pattern.kinds = kinds.split(separator: ",").map { String($0) } }
        guard !isEmpty else { return pattern }
        pattern.sender = try label()
        guard try word() == "->" else { throw CommandError("messages go n1 -> n2") }
        pattern.receiver = try label()
        return pattern
    }

    private mutating func label() throws(CommandError) -> String? {
        let word = try word()
        return word == "*" ? nil : try scene.node(named: word).label
    }

    func end() throws(CommandError) {
        guard words.isEmpty else {
            throw CommandError("\(words.joined(separator: " ")) is too much")
        }
    }
}
