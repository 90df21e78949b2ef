/// Aligned columns for people: the first to the left, the others to the right.
package struct Table {
    private let widths: [Int]

    /// Columns as wide as their titles, or wider.
    package init(_ columns: [(title: String, width: Int)]) {
        widths = columns.map { max($0.title.count, $0.width) }
    }

    package func row(_ cells: [String]) -> String {
        var line = ""
        for (position, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[position] - cell.count))
            if position > 0 { line += "  " }
            line += position == 0 ? cell + padding : padding + cell
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }

    /// Two columns: a name and what it is.
    package static func pairs(_ pairs: [(String, String)]) -> String {
        let table = Table([("", pairs.map(\.0.count).max() ?? 0), ("", 0)])
        return pairs.map { table.row([$0.0, $0.1]) }.joined()
    }
}

/// Numbers as people read them.
package enum Figure {
    /// With a thin order of thousands: `12,345`.
    package static func whole(_ value: some BinaryInteger) -> String {
        let digits = Array(String(value))
        var text = ""
        for (position, digit) in digits.enumerated() {
            let left = digits.count - position
            if position > 0, left % 3 == 0, digits[position - 1] != "-" { text += "," }
            text.append(digit)
        }
        return text
    }

    package static func whole(_ value: Double) -> String { whole(Int(value.rounded())) }

    /// With so many decimal places; `-` for none.
    package static func decimal(_ value: Double?, _ places: Int) -> String {
        guard let value, value.isFinite else { return "-" }
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((value * Double(scale)).rounded())
        guard places > 0 else { return whole(scaled) }
        let fraction = String(abs(scaled) % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(scaled < 0 ? "-" : "")\(whole(abs(scaled) / scale)).\(zeros)\(fraction)"
    }

    /// Microseconds, in the unit that reads best.
    package static func time(microseconds: Double?) -> String {
        guard let microseconds else { return "-" }
        if microseconds < 1_000 { return decimal(microseconds, 0) + " µs" }
        if microseconds < 100_000 { return decimal(microseconds / 1_000, 2) + " ms" }
        return decimal(microseconds / 1_000_000, 2) + " s"
    }

    package static func bytes(_ bytes: some BinaryInteger) -> String {
        let value = Double(bytes)
        if value < 10_240 { return whole(bytes) + " B" }
        if value < 10_485_760 { return decimal(value / 1_024, 0) + " KiB" }
        if value < 10_737_418_240 { return decimal(value / 1_048_576, 0) + " MiB" }
        return decimal(value / 1_073_741_824, 1) + " GiB"
    }
}
