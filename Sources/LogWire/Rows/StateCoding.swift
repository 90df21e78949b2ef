package import PaxosCore

/// Encodes and decodes the small values of one cluster; the bytes stand in Schema.swift.
package struct StateCoding: Sendable {
    private let seed: UInt32

    package init(cluster: ClusterID) {
        seed = Checksum.of(Array(cluster.name.utf8))
    }

    private func checksum(of value: [UInt8], _ name: StateName) -> UInt32 {
        Checksum.of(value, after: Checksum.of(name.key, after: seed))
    }

    package func seal(_ value: [UInt8], _ name: StateName) -> [UInt8] {
        var sealed: [UInt8] = []
        sealed.reserveCapacity(4 + value.count)
        sealed.append(littleEndian: checksum(of: value, name))
        sealed.append(contentsOf: value)
        return sealed
    }

    package func seal(_ number: UInt64, _ name: StateName) -> [UInt8] {
        var value: [UInt8] = []
        value.append(littleEndian: number)
        return seal(value, name)
    }

    package func seal(_ ballot: Ballot, _ name: StateName) -> [UInt8] {
        var value: [UInt8] = []
        value.append(littleEndian: ballot.round)
        value.append(littleEndian: ballot.node.rawValue)
        return seal(value, name)
    }

    /// The value behind its checksum, or `nil` if it is not what was written under this name.
    package func open(_ sealed: [UInt8], _ name: StateName) -> [UInt8]? {
        var reader = sealed.span
        guard let crc = reader.uint32(), let value = reader.bytes(reader.remaining) else {
            return nil
        }
        return crc == checksum(of: value, name) ? value : nil
    }

    package func number(_ sealed: [UInt8], _ name: StateName) -> UInt64? {
        guard let value = open(sealed, name), value.count == 8 else { return nil }
        var reader = value.span
        return reader.uint64()
    }

    package func ballot(_ sealed: [UInt8], _ name: StateName) -> Ballot? {
        guard let value = open(sealed, name), value.count == 16 else { return nil }
        var reader = value.span
        guard let round = reader.uint64(), let node = reader.uint64() else { return nil }
        return Ballot(round: round, node: NodeID(rawValue: node) ?? .nobody)
    }
}

// MARK: - Identity

extension DirectoryIdentity {
    private static let magic = Array("SWRLOG\r\n".utf8)

    package var storedBytes: [UInt8] {
        var body: [UInt8] = []
        body.append(littleEndian: incarnation.high)
        body.append(littleEndian: incarnation.low)
        body.append(littleEndian: node.rawValue)
        body.append(littleEndian: writeOffset)
        body.append(littleEndian: secret.first)
        body.append(littleEndian: secret.second)
        shape.append(to: &body)
        body.append(contentsOf: membership.encoded())
        body.append(contentsOf: cluster.name.utf8)
        var bytes = Self.magic
        bytes.append(littleEndian: formatVersion | (isBackup ? Schema.backup : 0))
        bytes.append(littleEndian: Checksum.of(body, after: Checksum.of(bytes)))
        bytes.append(contentsOf: body)
        return bytes
    }

    /// What the bytes of an identity turned out to be.
    package enum Reading: Equatable {
        case identity(DirectoryIdentity)
        /// Their format is one this version does not know; nothing else in them can be relied on.
        case otherFormat(UInt32)
        /// They are another program's.
        case foreign
        case corrupt
    }

    package static func read(_ bytes: [UInt8]) -> Reading {
        var reader = bytes.span
        guard bytes.starts(with: magic), reader.skip(magic.count), let format = reader.uint32()
        else { return .foreign }
        let version = format & ~Schema.backup
        guard version == Schema.formatVersion else { return .otherFormat(version) }
        let front = Checksum.of(bytes.span.extracting(first: magic.count + 4))
        guard let crc = reader.uint32(), crc == Checksum.of(reader, after: front) else {
            return .corrupt
        }
        guard let high = reader.uint64(), let low = reader.uint64(),
            let node = reader.uint64().flatMap(NodeID.init(rawValue:)),
            let writeOffset = reader.uint64(),
            let first = reader.uint64(), let second = reader.uint64(),
            let shape = Shape(from: &reader), let membership = Membership(from: &reader)
        else { return .corrupt }
        guard let name = reader.bytes(reader.remaining),
            let cluster = try? ClusterID(String(decoding: name, as: UTF8.self))
        else { return .corrupt }
        return .identity(
            DirectoryIdentity(
                formatVersion: version,
                cluster: cluster,
                node: node,
                incarnation: Incarnation(high: high, low: low),
                membership: membership,
                shape: shape,
                writeOffset: writeOffset,
                secret: DirectorySecret(first: first, second: second),
                isBackup: format != version
            )
        )
    }
}
