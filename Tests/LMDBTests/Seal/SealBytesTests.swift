import Testing

@testable import LMDB

/// What stands behind a meta page, and what is made of each bit of it.
@Suite struct SealBytesTests {
    @Test func theChecksumIsThatOfItsPublishedVectors() {
        func digest(_ bytes: [UInt8]) -> UInt64 {
            var digest = Digest()
            bytes.withUnsafeBytes { digest.add($0) }
            return digest.value
        }
        #expect(digest(Array(0..<32)) == 0xCBF5_9C51_16FF_32B4)
        #expect(digest(Array(0..<64)) == 0xF7C6_7301_DB67_13F0)
        let page = (0..<4096).map { UInt8($0 % 251) }
        #expect(digest(page) == 0x122A_8C8D_994A_D3EC)
        // In parts it is the same, and of less than a stripe it is that of the zeros behind it.
        var parts = Digest()
        page[..<1024].withUnsafeBytes { parts.add($0) }
        page[1024...].withUnsafeBytes { parts.add($0) }
        #expect(parts.value == digest(page))
        #expect(Digest.of([1, 2]) == digest([1, 2] + [UInt8](repeating: 0, count: 30)))
        // A page is told by its number and its count, too.
        var one = Digest()
        var other = Digest()
        one.add(page: 7, pages: 1)
        other.add(page: 7, pages: 2)
        #expect(one.value != other.value)
    }

    @Test func itsBytesAreThoseOfTheTable() throws {
        let chain = SealChain(beginning: 2)
        var seal = chain.seal(3)
        let bytes = seal.bytes
        #expect(bytes.count == Seal.byteCount && bytes.prefix(8).elementsEqual("LMDBSEAL".utf8))
        func number(_ place: Int) -> UInt64 { ImageTree.load(bytes, place - Seal.place) }
        #expect(number(160) == 1)
        #expect((number(168), number(176), number(184)) == (3, 2, 3))
        #expect((number(192), number(200)) == (5, 55))
        #expect(number(208) == Digest.of(chain.meta(3).bytes))
        #expect(number(216) == Digest.of(chain.meta(2).bytes))
        #expect(number(240) == Digest.of(bytes.prefix(88)))
        let sector = chain.sector(3, sealed: seal)
        #expect(sector.behind == .seal(seal) && sector.seal == seal)
        seal.isConfirmed = true
        #expect(chain.sector(3, sealed: seal).seal?.isConfirmed == true)
    }

    /// Whatever bit flips once a transaction is confirmed: the same one is taken, or none.
    @Test(arguments: [2, 3, 4, 5] as [UInt64])
    func noBitMakesAnotherTransactionTheNewest(number: UInt64) throws {
        let chain = SealChain(beginning: 2)
        var sectors = chain.sectors(newest: number)
        guard var seal = sectors[Int(number % 2)].seal else { return #expect(number < 2) }
        seal.isConfirmed = true
        sectors[Int(number % 2)] = sectors[Int(number % 2)].sealed(seal)
        let place = Int(number % 2)
        #expect(try SealJudgement(sectors) == .inQuestion(place: place))
        var refused = 0
        for at in 0...1 {
            for bit in 0..<8 * 512 {
                var bytes = sectors[at].bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let damaged = MetaSector(bytes, place: at) else {
                    refused += 1
                    continue
                }
                var found = sectors
                found[at] = damaged
                do throws(SealDamage) {
                    switch try SealJudgement(found) {
                    case .flushed(let taken), .inQuestion(let taken):
                        #expect(taken == place, "bit \(bit) of \(at)")
                        // Not without a look at its pages, if the bit is in it.
                        if at == place { #expect(damaged.seal == seal, "bit \(bit) of \(at)") }
                    case .unsealed: Issue.record("bit \(bit) of \(at): unsealed")
                    }
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 4_000)
    }
}

/// Transactions that follow each other, without pages.
struct SealChain {
    let beginning: UInt64

    /// What LMDB writes for a transaction; `salt` stands for roots.
    func meta(_ number: UInt64, salt: UInt64? = nil, lastPage: UInt64? = nil) -> MetaPage {
        let bytes = head(number, salt: salt, lastPage: lastPage)
        guard let meta = bytes.withUnsafeBytes({ MetaPage($0, place: Int(number % 2)) }) else {
            preconditionFailure("a meta page")
        }
        return meta
    }

    private func head(_ number: UInt64, salt: UInt64?, lastPage: UInt64?) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        func put<Number: FixedWidthInteger>(_ value: Number, _ place: Int) {
            withUnsafeBytes(of: value.littleEndian) { value in
                for (index, byte) in value.enumerated() { bytes[place + index] = byte }
            }
        }
        put(number % 2, 0)
        put(8 as UInt16, 10)
        put(0xBEEF_C0DE as UInt32, 16)
        put(1 as UInt32, 20)
        put(4096 as UInt32, 40)
        put(100 + (salt ?? number), 80)
        put(200 + (salt ?? number), 128)
        put(lastPage ?? 500 + number, 136)
        put(number, 144)
        return bytes
    }

    func seal(_ number: UInt64, confirmed: Bool = false) -> Seal {
        var seal = Seal(
            of: meta(number),
            after: meta(number - 1),
            beginning: beginning,
            pages: 5,
            digest: 55
        )
        seal.isConfirmed = confirmed
        return seal
    }

    func sector(_ number: UInt64, sealed seal: Seal?) -> MetaSector {
        sector(head(number, salt: nil, lastPage: nil), seal)
    }

    /// As LMDB leaves it when it could not write the meta page of the next but one.
    func failed(_ number: UInt64, sealed seal: Seal?) -> MetaSector {
        sector(head(number, salt: number + 2, lastPage: nil), seal)
    }

    private func sector(_ head: [UInt8], _ seal: Seal?) -> MetaSector {
        guard let sector = MetaSector(head, place: Int(head[0])) else {
            preconditionFailure("a sector")
        }
        return seal.map { sector.sealed($0) } ?? sector
    }

    /// Both, the newest one being sealed and flushed.
    func sectors(newest: UInt64) -> [MetaSector] {
        let pair = [newest - 1, newest].map { number in
            sector(number, sealed: number >= beginning ? seal(number) : nil)
        }
        return newest % 2 == 1 ? pair : [pair[1], pair[0]]
    }
}
