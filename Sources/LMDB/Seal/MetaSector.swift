#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The sector that begins a meta page, and its seal.
struct MetaSector: Hashable, Sendable {
    /// What lies behind the meta page.
    enum Behind: Hashable, Sendable {
        /// Zeros: no transaction of this place was ever sealed.
        case nothing
        case seal(Seal)
        /// Neither.
        case damage
    }

    let bytes: [UInt8]
    let meta: MetaPage
    let behind: Behind

    /// Nil if it holds no meta page of this format, or that of the other place.
    init?(_ bytes: [UInt8], place: Int) {
        guard bytes.count == MetaPage.sector,
            let meta = bytes.withUnsafeBytes({ MetaPage($0, place: place) })
        else { return nil }
        self.bytes = bytes
        self.meta = meta
        if let seal = bytes.withUnsafeBytes({ Seal($0) }) {
            behind = .seal(seal)
        } else {
            let isNothing = bytes.withUnsafeBytes { $0.isZero(Seal.place..<MetaPage.sector) }
            behind = isNothing ? .nothing : .damage
        }
    }

    private init(_ bytes: [UInt8], _ meta: MetaPage, _ behind: Behind) {
        self.bytes = bytes
        self.meta = meta
        self.behind = behind
    }

    /// The seal, if it is that of the meta page before it.
    var seal: Seal? {
        guard case .seal(let seal) = behind, seal.seals(meta) else { return nil }
        return seal
    }

    /// The transaction that made the roots.
    var roots: UInt64 { seal?.roots ?? meta.transaction }

    /// This sector with another seal.
    func sealed(_ seal: Seal) -> MetaSector {
        var bytes = bytes
        bytes.replaceSubrange(Seal.place..<Seal.place + Seal.byteCount, with: seal.bytes)
        return MetaSector(bytes, meta, .seal(seal))
    }

    /// What stands here after LMDB has written another meta page: these bytes, with what was behind the one
    /// before. Nil if they are anything else.
    func overwritten(by now: [UInt8], place: Int) -> MetaSector? {
        guard now.hasSame(bytes, from: Seal.place),
            let meta = now.withUnsafeBytes({ MetaPage($0, place: place) })
        else { return nil }
        return MetaSector(now, meta, behind)
    }

    /// The state of another meta page in this place, under the number that this place is to have next: of it
    /// no page is new.
    func holding(_ other: MetaSector, number: UInt64, beginning: UInt64) -> MetaSector {
        var bytes = bytes
        bytes.replaceSubrange(MetaPage.written, with: other.meta.numbered(number))
        guard let moved = MetaSector(bytes, place: Int(bytes[0])) else {
            preconditionFailure("a meta page of ours that is none")
        }
        return moved.sealed(
            Seal(of: moved.meta, after: other.meta, beginning: beginning, roots: other.roots)
        )
    }
}

extension [UInt8] {
    /// Whether another array has the same bytes from a place on.
    func hasSame(_ other: [UInt8], from place: Int = 0) -> Bool {
        guard count == other.count, place < count else { return count == other.count }
        return withUnsafeBytes { own in
            other.withUnsafeBytes { other in
                guard let own = own.baseAddress, let other = other.baseAddress else { return true }
                return memcmp(own + place, other + place, count - place) == 0
            }
        }
    }
}
