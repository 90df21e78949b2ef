internal import CCRC32C
internal import LogWire
internal import PaxosCore

// The parts of the log that the benchmarks measure and that no user sees. Only offered with
// RLOG_BENCHMARKS in the environment (Package.swift).

/// The checksum of every row.
public enum CRC32C {
    /// Of all the bytes.
    public static func checksum(of bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c_update(0, $0.baseAddress, $0.count) }
    }
}

/// Encodes and decodes one row over and over.
public struct RowCodecLoop {
    private let coding: RowCoding
    private let entry: Entry
    private let ballot = Ballot(round: 1, node: 1)
    private var row: [UInt8]

    /// A command of so many payload bytes.
    public init(payloadBytes: Int) throws {
        coding = RowCoding(cluster: try ClusterID("bench"))
        entry = .command(
            Command(
                token: Token(node: 1, boot: Boot(1), sequence: 1),
                payload: Array(repeating: 7, count: payloadBytes)
            )
        )
        row = Array(repeating: 0, count: RowCoding.byteCount(of: entry))
        encode()
    }

    /// Writes the row, checksum included.
    public mutating func encode() {
        row.withUnsafeMutableBytes { row in
            coding.encode(entry, ballot: ballot, isChosen: false, slot: .first, into: row)
        }
    }

    /// Reads the row and checks it; the bytes of its payload.
    public func decode() -> Int {
        row.withUnsafeBytes { coding.decode($0, slot: .first)?.entry.payloadBytes ?? -1 }
    }
}
