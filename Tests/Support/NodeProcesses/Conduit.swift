import Foundation
import PaxosSimulator

/// What happens on a link: a fault, and how many pieces there are to one that meets it.
struct Weather {
    let fault: LinkFault?
    let oneIn: Int
}

/// One direction of a connection that goes through the proxy: bytes wait here until they are due.
struct Conduit {
    let source: Int32
    let sink: Int32
    /// Whether frames are sent in this direction; the other one has a handshake alone.
    private let carriesFrames: Bool
    private var cutter = FrameCutter()
    private var waiting: [(due: UInt64, bytes: [UInt8])] = []
    private var sent = 0
    private var waitingBytes = 0
    /// A frame that is sent after the next one.
    private var overtaken: [UInt8]?

    init(from source: Int32, to sink: Int32, carriesFrames: Bool) {
        self.source = source
        self.sink = sink
        self.carriesFrames = carriesFrames
    }

    /// A connection whose other end takes nothing fills no more than its share.
    func hasRoom(_ line: Line) -> Bool { waitingBytes < line.windowBytes }
    var firstDue: UInt64? { waiting.first?.due }

    /// Takes what has arrived, with what the link does to it.
    ///
    /// - Returns: False at the end of the connection.
    mutating func read(
        _ weather: Weather,
        now: UInt64,
        _ line: inout Line,
        _ generator: inout SeededGenerator,
        _ count: (LinkFault) -> Void
    ) -> Bool {
        // A little at a time, so that connections take turns on a line.
        var buffer = [UInt8](repeating: 0, count: line.isShaped ? 1 << 13 : 1 << 16)
        let received = buffer.withUnsafeMutableBytes { recv(source, $0.baseAddress, $0.count, 0) }
        if received < 0 { return errno == EAGAIN || errno == EINTR }
        guard received > 0 else { return false }
        let bytes = buffer[..<received]
        let due = line.take(bytes.count, now: now)
        let pieces = carriesFrames && !line.isShaped ? cutter.take(bytes) : [Array(bytes)]
        for piece in pieces { pass(piece, weather, now: due, &generator, count) }
        return true
    }

    private mutating func pass(
        _ piece: [UInt8],
        _ weather: Weather,
        now: UInt64,
        _ generator: inout SeededGenerator,
        _ count: (LinkFault) -> Void
    ) {
        // A piece that waits for the next one has waited long enough.
        let earlier = overtaken
        overtaken = nil
        defer { if let earlier { put(earlier, due: now) } }
        guard let fault = weather.fault, fault == .delay || generator.oneIn(weather.oneIn) else {
            return put(piece, due: now)
        }
        if fault != .delay, fault != .corrupt, !carriesFrames { return put(piece, due: now) }
        switch fault {
        case .delay:
            let delay = UInt64(generator.within(20...200)) * 1_000_000
            put(piece, due: now + delay)
        case .corrupt:
            var piece = piece
            let place = generator.below(piece.count)
            piece[place] ^= 1 << UInt8(generator.below(8))
            put(piece, due: now)
        case .duplicate:
            put(piece, due: now)
            put(piece, due: now)
        case .reorder: overtaken = piece
        case .leaveOut: break
        case .blackHole, .reset: put(piece, due: now)
        }
        count(fault)
    }

    /// Never before what was put there earlier.
    private mutating func put(_ bytes: [UInt8], due: UInt64) {
        waiting.append((max(due, waiting.last?.due ?? 0), bytes))
        waitingBytes += bytes.count
    }

    /// Sends what is due, as far as the sink takes it.
    ///
    /// - Returns: False at the end of the connection.
    mutating func write(now: UInt64) -> Bool {
        while let first = waiting.first, first.due <= now {
            let count = first.bytes[sent...].withUnsafeBytes { bytes in
                send(sink, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 { return errno == EAGAIN || errno == EINTR || errno == ENOTCONN }
            sent += count
            guard sent == first.bytes.count else { return true }
            waitingBytes -= first.bytes.count
            waiting.removeFirst()
            sent = 0
        }
        return true
    }
}
