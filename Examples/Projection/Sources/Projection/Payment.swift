/// An entry of this application's log: `account amount`, as in `anna -17`.
struct Payment {
    let account: [UInt8]
    let amount: Int64

    init(account: String, amount: Int64) {
        self.account = Array(account.utf8)
        self.amount = amount
    }

    /// Every member decides alike about bytes that are no payment: they move nothing.
    init(_ payload: [UInt8]) {
        let parts = payload.split(separator: UInt8(ascii: " "))
        account = parts.first.map { Array($0) } ?? [UInt8(ascii: "?")]
        amount = parts.count == 2 ? Int64(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
    }

    var payload: [UInt8] { account + Array(" \(amount)".utf8) }
}
