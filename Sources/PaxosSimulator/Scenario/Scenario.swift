/// A story in a text file: prose after `#`, blocks of commands, and below each block, after a line `----`,
/// everything that is exchanged, written and said while they run. A blank line ends a block.
///
///     # What the story is about.
///     cluster 3
///     campaign n1
///     ----
///     n1 -> n2    status? 1
///     ...
package struct Scenario: Sendable, Hashable {
    struct Line: Sendable, Hashable {
        let number: Int
        let text: String

        /// The words of the command; none in prose and blank lines.
        var words: [String] {
            text.hasPrefix("#") ? [] : text.split(separator: " ").map { String($0) }
        }
    }

    struct Block: Sendable, Hashable {
        var lines: [Line] = []
        var expected: [String] = []
    }

    static let mark = "----"

    private(set) var blocks: [Block] = []
    /// Prose after the last block.
    private var rest: [Line] = []

    /// Reads a file. What its commands mean is found out by running them.
    package init(_ text: String) {
        var block = Block()
        var isExpected = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if isExpected {
                guard !line.isEmpty else {
                    blocks.append(block)
                    block = Block(lines: [Line(number: index + 1, text: "")])
                    isExpected = false
                    continue
                }
                block.expected.append(String(line))
            } else if line == Self.mark {
                isExpected = true
            } else {
                block.lines.append(Line(number: index + 1, text: String(line)))
            }
        }
        if isExpected || block.lines.contains(where: { !$0.words.isEmpty }) {
            blocks.append(block)
        } else {
            rest = block.lines
        }
    }

    /// The first line of the prose.
    package var title: String {
        let line = blocks.first?.lines.first { $0.text.hasPrefix("#") }
        return line.map { String($0.text.drop { $0 == "#" || $0 == " " }) } ?? ""
    }

    /// The file with another exchange below each block.
    func text(with exchange: [[String]]) -> String {
        var lines: [String] = []
        for (block, happened) in zip(blocks, exchange) {
            lines += block.lines.map(\.text) + [Self.mark] + happened
        }
        lines += rest.map(\.text)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// What a line of a scenario cannot mean, or an expectation that is not met.
package struct ScenarioFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}
