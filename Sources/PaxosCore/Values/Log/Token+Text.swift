extension Token: LosslessStringConvertible {
    /// Reads what `description` writes, as in `1-3-250`; `nil` for anything else.
    public init?(_ description: String) {
        var numbers: [UInt64] = []
        for part in description.split(separator: "-", omittingEmptySubsequences: false) {
            // A number has one spelling.
            guard let number = UInt64(part), String(number) == part else { return nil }
            numbers.append(number)
        }
        guard numbers.count == 3, let node = NodeID(rawValue: numbers[0]), numbers[1] > 0,
            numbers[2] > 0
        else { return nil }
        self.init(node: node, boot: Boot(numbers[1]), sequence: numbers[2])
    }
}
