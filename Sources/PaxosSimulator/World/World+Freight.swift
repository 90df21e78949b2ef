import PaxosCore

extension World {
    /// Useful over carried bytes. Three tenths more than is needed may be carried, as over real links; and
    /// whatever keeps a member from being heard, or ends a leadership, may void what was on its way to each
    /// member then: two pipelines, a page, and an append or two.
    func checkFreight() throws(Violation) {
        guard mix.bytesPerTick != nil, nodes.count == membership.members.count else { return }
        let limits = mix.limits
        let head = 160
        let share =
            2 * limits.pipelineBytes + 2 * limits.pipelineSlots * head
            + max(limits.pageBytes, limits.maxPayloadBytes) + 4 * head
        let disturbances = Self.silencers.reduce(elections) { $0 + counts[$1] }
        let most = freight.neededBytes * 13 / 10 + (disturbances + 1) * share * nodes.count
        try demand(
            freight.carriedBytes <= most,
            .flow,
            "\(freight.carriedBytes) bytes were carried and \(freight.neededBytes) needed, with "
                + "\(disturbances) disturbances"
        )
    }
}
