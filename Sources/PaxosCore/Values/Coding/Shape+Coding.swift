/// The bytes of what shapes messages and rows, in messages and in stored rows, all numbers 64-bit little-endian:
///
///     payload | batch entries | batch bytes | pipeline slots | pipeline bytes | page
extension Shape {
    package static let byteCount = 6 * 8

    package func append(to bytes: inout [UInt8]) {
        for field in fields { bytes.append(littleEndian: UInt64(field.value)) }
    }

    package init?(from reader: inout ByteReader) {
        var values: [Int] = []
        for _ in 0..<6 {
            guard let value = reader.uint64().flatMap({ Int(exactly: $0) }) else { return nil }
            values.append(value)
        }
        self.init(
            maxPayloadBytes: values[0],
            batchEntries: values[1],
            batchBytes: values[2],
            pipelineSlots: values[3],
            pipelineBytes: values[4],
            pageBytes: values[5]
        )
    }
}
