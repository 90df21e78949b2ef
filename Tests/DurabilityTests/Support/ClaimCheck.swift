import PaxosCore

@testable import ReplicatedLog

/// Looks whether what left a node is true of an image of its disk.
struct ClaimCheck {
    /// The log as it was in the end, the same on every node.
    let log: [Slot: Entry]
    /// What was proposed in each slot under each ballot.
    let proposals: [Proposal: Entry]

    struct Proposal: Hashable {
        let slot: Slot
        let ballot: Ballot
    }

    init(log: [Slot: Entry], _ recording: ClusterRecording) {
        self.log = log
        var proposals: [Proposal: Entry] = [:]
        for placed in recording.departures {
            guard case .sent(let envelope) = placed.departure.content,
                case .immediate(.accept(let accept)) = envelope.message
            else { continue }
            for (offset, entry) in accept.run.entries.enumerated() {
                let slot = accept.run.first.advanced(by: offset)
                proposals[Proposal(slot: slot, ballot: accept.ballot)] = entry
            }
        }
        self.proposals = proposals
    }

    /// So many tell what is wrong with an image: where one statement is not true, many are not.
    private static let enough = 3

    /// What is wrong with the image, given what had left the node.
    func violations(
        _ image: StoredImage,
        _ departures: some Sequence<ClusterRecording.Placed>
    ) -> [String] {
        var found = rows(image)
        for placed in departures where found.count < Self.enough {
            if let text = violation(image, placed.claims) {
                found.append("\(placed.departure.kind) at \(placed.place): \(text)")
            }
        }
        return found
    }

    /// Each row is what was proposed under its ballot, or what was chosen.
    private func rows(_ image: StoredImage) -> [String] {
        image.rows.compactMap { row in
            let proposal = Proposal(slot: row.slot, ballot: row.ballot)
            let isRight =
                image.knowsChosen(row)
                ? row.entry == log[row.slot]
                : row.entry == proposals[proposal]
            return isRight ? nil : "slot \(row.slot) holds what was not proposed there"
        }
    }

    /// The first thing that is wrong with one departure's claims.
    private func violation(_ image: StoredImage, _ claims: Claims) -> String? {
        let state = image.state
        // The look itself was one more opening.
        guard state.boot > claims.boot else {
            return "boot \(claims.boot) was said, and this is \(state.boot)"
        }
        guard state.lastRound >= claims.round else {
            return "round \(claims.round) is used, and the last one is \(state.lastRound)"
        }
        guard state.promised >= claims.promised else {
            return "\(claims.promised) is promised, and it is \(state.promised)"
        }
        if let holds = claims.holds {
            let peer = state.peers.first { $0.node == holds.peer }
            guard let peer, peer.incarnation == holds.presence.incarnation,
                peer.boot >= holds.presence.process.boot
            else { return "\(holds.peer) is not held" }
        }
        return slots(image, claims) ?? claims.page.flatMap { self.page(image, $0) }
    }

    private func slots(_ image: StoredImage, _ claims: Claims) -> String? {
        if let last = claims.last, image[last] == nil { return "slot \(last) is empty" }
        if let (ballot, slots) = claims.accepted {
            for slot in Self.each(slots) {
                guard let row = image[slot] else { return "slot \(slot) is empty" }
                guard row.ballot >= ballot || image.knowsChosen(row) else {
                    return "slot \(slot) is accepted under \(ballot), and it is \(row.ballot)"
                }
            }
        }
        if claims.stored >= .first {
            for slot in Self.each(.first...claims.stored) where !isChosen(image[slot], in: slot) {
                return "slot \(slot) is not stored as it was chosen"
            }
        }
        if let (slot, id) = claims.appended {
            guard case .command(let command)? = image[slot]?.entry,
                TestPayload(command.payload)?.id == id
            else { return "append \(id) is not in slot \(slot)" }
        }
        return nil
    }

    private func isChosen(_ row: AcceptedEntry?, in slot: Slot) -> Bool {
        row.map { $0.entry == log[slot] } ?? false
    }

    /// What a page tells stands until a ballot that is not below the page's replaces it, and where it is
    /// silent nothing is accepted below that ballot; but for what was learned to be chosen.
    private func page(_ image: StoredImage, _ page: PromisePage) -> String? {
        var told: [Slot: AcceptedEntry] = [:]
        for row in page.rows { told[row.slot] = row }
        for slot in Self.each(page.from...page.through) {
            let row = image[slot]
            if let row, row.ballot >= page.ballot || image.knowsChosen(row) { continue }
            if let telling = told[slot] {
                // Fetched since the promise, and perhaps in flight: true of the log, whatever is here.
                if telling.isChosen, telling.entry == log[slot] { continue }
                guard let row, row.ballot == telling.ballot, row.entry == telling.entry else {
                    return "the page's row of slot \(slot) is not there"
                }
            } else if let row {
                return "the page has nothing in slot \(slot), which is accepted under \(row.ballot)"
            }
        }
        return nil
    }

    static func each(_ slots: ClosedRange<Slot>) -> some Sequence<Slot> {
        (slots.lowerBound.rawValue...slots.upperBound.rawValue).lazy.map(Slot.init(rawValue:))
    }
}

// MARK: - The cluster

extension ClaimCheck {
    /// What is wrong with the images of all nodes together: whichever two can be reached, what was said
    /// to be chosen is what a candidate finds there.
    func violations(_ images: [StoredImage], chosen: Slot) -> [String] {
        guard chosen >= .first else { return [] }
        var found: [String] = []
        for (place, first) in images.enumerated() {
            for second in images[(place + 1)...] {
                let slot = Self.each(.first...chosen).first { slot in
                    self.candidateFinds(first[slot], first, second[slot], second) != log[slot]
                }
                if let slot {
                    let pair = "\(first.state.node) and \(second.state.node)"
                    found.append("slot \(slot) was chosen, and \(pair) tell of something else")
                }
            }
        }
        return found
    }

    private func candidateFinds(
        _ left: AcceptedEntry?,
        _ first: StoredImage,
        _ right: AcceptedEntry?,
        _ second: StoredImage
    ) -> Entry? {
        guard let left, let right else { return (left ?? right)?.entry }
        if first.knowsChosen(left) { return left.entry }
        if second.knowsChosen(right) { return right.entry }
        return left.ballot >= right.ballot ? left.entry : right.entry
    }
}
