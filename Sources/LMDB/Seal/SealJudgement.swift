// What a crash leaves in a sector is a prefix of what was written to it, since each write within one is whole
// or absent: the old meta page with its seal; the new meta page with the old seal; both new; or, when a meta
// page could not be written, what LMDB puts there then: the new roots under the old number and last page. What
// is anything else is damage. Of two sectors at least one is sealed, from the first sealed transaction on:
// the next one begins when the flush of the one before has returned.

/// What the first sectors of the two meta pages tell of the newest transaction that was flushed.
enum SealJudgement: Hashable, Sendable {
    /// No transaction was sealed yet: each was flushed before its meta page was written, and that too.
    case unsealed
    /// The transaction in `place` was flushed, since the next one had begun to write its meta page.
    case flushed(place: Int)
    /// The transaction in `place` was flushed if its pages are there; the other sector has the one before it.
    case inQuestion(place: Int)

    /// Judges; throws what is wrong if no crash can have left this.
    init(_ sectors: [MetaSector]) throws(SealDamage) {
        let (first, second) = (sectors[0], sectors[1])
        let newest: Int
        let seal: Seal
        switch (first.seal, second.seal) {
        case (nil, nil):
            guard first.behind == .nothing, second.behind == .nothing else {
                throw SealDamage("neither meta page is sealed: rot, or another program has written")
            }
            self = .unsealed
            return
        case (let one?, nil): (newest, seal) = (0, one)
        case (nil, let one?): (newest, seal) = (1, one)
        case (let one?, let other?):
            (newest, seal) = one.number > other.number ? (0, one) : (1, other)
        }
        let other = sectors[1 - newest]
        let number = seal.number
        guard seal.beginning <= number, number > 0 else {
            throw SealDamage("a seal from before the first one")
        }
        if let before = other.seal {
            guard before.number == number - 1, seal.follows(other.meta),
                before.beginning == seal.beginning
            else { throw SealDamage("two sealed meta pages that do not follow each other") }
            self = .inQuestion(place: newest)
            return
        }
        switch other.behind {
        case .damage:
            throw SealDamage("a seal that is none")
        case .nothing:
            // Of the places only the first sealed transaction leaves one without a seal.
            guard seal.beginning == number else { throw SealDamage("a seal that is gone") }
        case .seal(let old):
            // Of the transaction that this place had before.
            guard old.number == number - 1, old.beginning <= old.number,
                old.beginning == seal.beginning
            else {
                throw SealDamage("the seal of another transaction")
            }
        }
        if other.meta.transaction == number + 1 {
            self = .flushed(place: newest)
        } else if other.meta.transaction == number - 1 {
            if other.behind == .nothing, seal.follows(other.meta) {
                self = .inQuestion(place: newest)
                return
            }
            // The next meta page could not be written. Number and last page are those from before.
            if case .seal(let old) = other.behind {
                guard old.end == Digest.of(other.meta.bytes.suffix(16)) else {
                    throw SealDamage("a meta page that is not as it was sealed")
                }
            }
            self = .flushed(place: newest)
        } else {
            throw SealDamage("meta pages that do not follow each other")
        }
    }
}

/// What no crash leaves: rot, or the work of another program.
struct SealDamage: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
