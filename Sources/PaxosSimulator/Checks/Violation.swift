/// What must hold after every step of the world, whatever the faults.
package enum Invariant: Int, CaseIterable, Sendable {
    /// A slot is chosen with one entry, for ever.
    case agreement = 1
    /// A durable promise never falls, also across restarts (`R1`).
    case promise = 2
    /// What an acceptor or a candidate has said is true of its disk when it leaves (`R28`).
    case testimony = 3
    /// A ballot carries one entry in a slot and belongs to one process (`R4`, `R5`).
    case ballot = 4
    /// What a node takes for committed was accepted by a phase-2 quorum under one ballot (`R14`).
    case commit = 5
    /// Every node delivers the one effective log, from its checkpoint on, without a skip (`R17`).
    case delivery = 6
    /// An acknowledged append is in effect where the reply says (`R27`, `R69`).
    case acknowledgement = 7
    /// An append that is said to be never is never in effect (`R26`).
    case never = 8
    /// A barrier is not below anything acknowledged before it was asked for (`R54`, `R70`).
    case barrier = 9
    /// A batch is in effect whole and in adjoining slots (`R72`).
    case batch = 10
    /// No limit is exceeded (`R62`).
    case limits = 11
    /// Every caller gets one reply, and its reason is true.
    case reply = 12
    /// Watermarks are not ahead of rows, committed rows stay, nothing follows the last batch (`R41`).
    case store = 13
    /// A node speaks under its own name, to others, and while it lives (`R65`).
    case identity = 14
    /// No row is forgotten that a member may still ask for, and what is forgotten is never said to be
    /// empty (`R15`, `R42`).
    case trimming = 18
    /// A base is not installed without the snapshot that came with it, and what a host begins with is the state of the
    /// log there (`R42`, `R43`).
    case snapshot = 19
    /// A cursor is not ahead of what its consumer has confirmed, and no row is gone that it has not passed.
    case cursor = 20
    /// An append that asks for one slot stands in that one, and who loses it learns so when it is decided (`R94`).
    case condition = 21
    /// Who is told to lead has all that is committed where it is told.
    case transfer = 22
    /// Once faults have stopped, appends succeed and the nodes agree within a bounded time.
    case liveness = 15
    /// Who lacks more than a window of what others have leaves it to them to lead, for some time (`R85`).
    case succession = 17
    /// What stands in the queue of a link is not sent again (`R83`), and nothing that a member sends is
    /// impossible to another (`R84`).
    case flow = 16
}

/// An invariant that did not hold.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    package let invariant: Invariant
    package let story: String

    package init(_ invariant: Invariant, _ story: String) {
        self.invariant = invariant
        self.story = story
    }

    package var description: String { "I\(invariant.rawValue) \(invariant): \(story)" }
}

func demand(
    _ holds: Bool,
    _ invariant: Invariant,
    _ otherwise: @autoclosure () -> String
) throws(Violation) {
    guard holds else { throw Violation(invariant, otherwise()) }
}
