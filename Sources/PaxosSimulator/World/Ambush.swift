import PaxosCore

/// Faults that wait for their moment. Drawn faults seldom fall where Paxos is decided: between what a
/// proposer sends and what the next one finds of it. A snare does: it lets a proposer reach exactly some of the
/// members, shuts the links behind the first thing it proposes, and opens them when somebody else is in
/// phase 1 or past it.
///
/// Two snares in a row, on a leader and on the next one, give the classical stories: two entries accepted
/// under two ballots in one slot and neither known to be chosen; an old leader's Accept that arrives after
/// its acceptor has promised a later ballot; two candidates at once.
struct Ambush {
    /// What becomes of a message from the victim to one member.
    enum Way {
        /// Arrives, until something was proposed on this way.
        case open
        case waits
        case isLost
        /// As if there were no snare.
        case free
    }

    /// What lets the waiting messages of one way go on.
    enum Release: CaseIterable {
        /// The receiver promises a later ballot.
        case promise
        /// The receiver shows a later candidate what it has accepted.
        case page
        /// The receiver is asked to accept something under a later ballot; they arrive just before it, or
        /// just after.
        case before, after
        /// Somebody else leads.
        case lead
        /// The end of the snare.
        case end
    }

    /// What becomes of the victim once its links are shut.
    enum Fate: CaseIterable {
        case livesOn, crashes, crashesAtWrite, pauses
    }

    struct Snare {
        let victim: Int
        let ballot: Ballot
        /// By node.
        var ways: [Way]
        /// What its ways do once they are shut.
        let shut: Way
        /// Nothing reaches the victim either.
        let isDeaf: Bool
        /// Whoever was reached ends a little later, and comes back.
        let isWide: Bool
        let reached: [Int]
        let release: Release
        let fate: Fate
        let ends: Moment
        var isSprung = false
        var waiting: [(envelope: Envelope, to: Int)] = []
    }

    /// In the order in which they were laid.
    var snares: [Snare] = []
    var random: SeededGenerator

    init(random: SeededGenerator) {
        self.random = random
    }

    /// Takes what waits on the way to a member, which is free from now on.
    mutating func free(_ place: Int, to member: Int) -> [Envelope] {
        guard snares[place].ways[member] == .waits else { return [] }
        snares[place].ways[member] = .free
        let freed = snares[place].waiting.filter { $0.to == member }
        snares[place].waiting.removeAll { $0.to == member }
        return freed.map(\.envelope)
    }
}

extension Message {
    /// The ballot that this asks somebody to accept something under.
    var proposes: Ballot? {
        if case .immediate(.accept(let accept)) = self { accept.ballot } else { nil }
    }

    /// The ballot of the candidate that this answers.
    func answers(_ release: Ambush.Release) -> Ballot? {
        switch (self, release) {
        case (.statement(.promise(let promise)), .promise): promise.ballot
        case (.immediate(.page(let page)), .page): page.ballot
        default: nil
        }
    }
}
