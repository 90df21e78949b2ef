extension Limits {
    /// The most bytes that a message of a cluster with these limits has: what a transport takes for the
    /// largest frame. The largest are an Accept of a whole pipeline and a page of rows, which may end
    /// with a payload of the largest size; the rest is the room for heads, at most 64 bytes an entry.
    public var maxEnvelopeBytes: Int {
        let accept = pipelineBytes + 64 * pipelineSlots
        let page = 2 * pageBytes + maxPayloadBytes
        return max(accept, page) + 1_024
    }
}
