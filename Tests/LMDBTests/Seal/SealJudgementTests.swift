import TestSupport
import Testing

@testable import LMDB

/// Every state of the two sectors that a crash can leave is judged as it was written, and every other refused.
@Suite(.computing) struct SealJudgementTests {
    private struct Pair: Hashable {
        let sectors: [MetaSector]
    }

    /// All that can stand there, from before the first sealed transaction on.
    private func legal(_ chain: SealChain, through last: UInt64) -> [Pair: SealJudgement] {
        var found: [Pair: SealJudgement] = [:]
        // Alternatives that may stand at the same time: a transaction is confirmed or not.
        let begin = [chain.sector(0, sealed: nil), chain.sector(1, sealed: nil)]
        var open: Set<Pair> = [Pair(sectors: begin)]
        for pair in open { found[pair] = .unsealed }
        for number in 2...last {
            let place = Int(number % 2)
            var next: Set<Pair> = []
            for pair in open {
                let behind = pair.sectors[place].behind
                let old: Seal? = if case .seal(let seal) = behind { seal } else { nil }
                let isSealed = number > chain.beginning
                let begun: SealJudgement = isSealed ? .flushed(place: 1 - place) : .unsealed
                func put(_ sector: MetaSector) -> Pair {
                    var sectors = pair.sectors
                    sectors[place] = sector
                    return Pair(sectors: sectors)
                }
                found[put(chain.sector(number, sealed: old))] = begun
                found[put(chain.failed(number - 2, sealed: old))] = begun
                guard number >= chain.beginning else {
                    next.insert(put(chain.sector(number, sealed: nil)))
                    continue
                }
                for confirmed in [false, true] {
                    let seal = chain.seal(number, confirmed: confirmed)
                    let pair = put(chain.sector(number, sealed: seal))
                    found[pair] = .inQuestion(place: place)
                    next.insert(pair)
                }
            }
            open = next
        }
        return found
    }

    @Test(arguments: [2, 3, 4] as [UInt64])
    func whatACrashLeavesAndNothingElseIsTaken(beginning: UInt64) async throws {
        let legal = legal(SealChain(beginning: beginning), through: 9)
        // Also with what another file's beginning would leave.
        let others = self.legal(SealChain(beginning: beginning + 1), through: 8)
        var variants: [Set<MetaSector>] = [[], []]
        for pair in Array(legal.keys) + others.keys {
            for place in 0...1 {
                variants[place].insert(pair.sectors[place])
                var torn = pair.sectors[place].bytes
                torn[300] = 1
                if let torn = MetaSector(torn, place: place) { variants[place].insert(torn) }
            }
        }
        var refused = 0
        for first in variants[0] {
            await Task.yield()
            for second in variants[1] {
                let pair = Pair(sectors: [first, second])
                do throws(SealDamage) {
                    let judgement = try SealJudgement(pair.sectors)
                    // Where none was sealed there is nothing to compare with.
                    let isUnsealed = first.behind == .nothing && second.behind == .nothing
                    let expected = isUnsealed ? .unsealed : legal[pair] ?? others[pair]
                    #expect(judgement == expected, "\(numbers(pair))")
                } catch {
                    refused += 1
                    #expect(legal[pair] == nil, "\(numbers(pair)): \(error)")
                }
            }
        }
        print("\(legal.count) states, \(refused) refused")
        #expect(legal.count > 40 && refused > 500)
    }

    private func numbers(_ pair: Pair) -> [String] {
        pair.sectors.map { sector in
            let seal =
                switch sector.behind {
                case .nothing: "none"
                case .damage: "damage"
                case .seal(let seal): "\(seal.number)\(seal.isConfirmed ? "!" : "")"
                }
            return "\(sector.meta.transaction) sealed \(seal)"
        }
    }
}
