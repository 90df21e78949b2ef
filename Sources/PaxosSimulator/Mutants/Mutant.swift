/// A replica that is deliberately broken: the checkers must catch each one.
///
/// A mutant alters what crosses the boundary between `NodeCore` and what is around it (Mutant+Store.swift,
/// Mutant+Core.swift), or decides by other rules than Paxos (Mutant+Rules.swift). Messages in flight are
/// altered by none. Production code knows no mutant: `NodeCore` is given the rules it decides by, and none but
/// the simulator and tests give it any others than `Rules.paxos`.
package enum Mutant: String, CaseIterable, Sendable {
    // What reaches the disk, and when it is said to have.

    /// Promises are receipted and not written (`R1`).
    case promiseNotPersisted = "promise-not-persisted"
    /// Rows are receipted and not written (`R28`).
    case rowsNotPersisted = "rows-not-persisted"
    /// The receipt comes when the flush begins (`R28`).
    case replyBeforeFlush = "reply-before-flush"
    /// The promise goes with the transaction after that of its row (`R2`, `R29`).
    case promiseAndRowInTwoTransactions = "promise-and-row-in-two-transactions"
    /// Of several adjoining rows that are receipted the first is not written (`R18`).
    case ackOverGap = "ack-over-gap"
    /// Two rows of one run are written in each other's slots (`R21`).
    case rowsSwapped = "rows-swapped"
    /// The watermark that is written is one slot ahead (`R41`).
    case watermarkAheadOfRows = "watermark-ahead-of-rows"

    // What a restart finds.

    /// Every restart finds the round and the promise as they were in the beginning (`R4`).
    case ballotReusedAfterRestart = "ballot-reused-after-restart"
    /// A restart finds no row above the watermark (`R34`).
    case unfinishedRowsForgotten = "unfinished-rows-forgotten"
    /// A restart takes every row that this one member has for committed (`R14`).
    case watermarkFromMinority = "watermark-from-minority"
    /// A restart finds what was written and never flushed, as a page cache shows it (`R31`).
    case restartTrustsUnsynced = "restart-trusts-unsynced"
    /// A directory that is made anew passes for the one that was lost (`R36`).
    case wipedNodeVotes = "wiped-node-votes"

    // What is decided.

    /// An entry is taken for chosen with one acceptance less than a quorum (`R50`).
    case quorumMinusOne = "quorum-minus-one"
    /// An acceptor takes entries below its promise (`R2`).
    case acceptBelowPromise = "accept-below-promise"
    /// A new leader takes the entry of the lowest ballot (`R6`).
    case ignoreHighestAccepted = "ignore-highest-accepted"
    /// A new leader proposes a no-op where something was accepted (`R12`).
    case noopOverAccepted = "noop-over-accepted"
    /// A follower passes whatever row it has below the watermark (`R68`).
    case commitOverStaleRow = "commit-over-stale-row"
    /// A follower passes rows of later ballots than the notice that covers them (`R80`).
    case olderNoticeBelieved = "older-notice-believed"
    /// A command has effect each time it stands in the log (`R27`, `R71`).
    case duplicateTakesTwoSlots = "duplicate-takes-two-slots"
    /// What is there of a torn batch has effect (`R72`).
    case tornBatchDelivered = "torn-batch-delivered"
    /// A leader proposes an append that asks for a slot in any (`R94`).
    case conditionIgnored = "condition-ignored"

    // What the node's surroundings hear of it.

    /// Subscribers get what follows a slot and not the slot (`R17`, `R58`).
    case holeSkippedToSubscribers = "hole-skipped-to-subscribers"
    /// A batch reaches subscribers in two steps (`R72`).
    case batchInTwoSteps = "batch-in-two-steps"
    /// A leader answers barriers without asking whether it still leads (`R52`).
    case staleLeaderBarrier = "stale-leader-barrier"
    /// An append of unknown outcome is acknowledged (`R69`).
    case unknownAcknowledged = "unknown-acknowledged"
    /// An append of unknown outcome is said to be never (`R26`).
    case unknownIsNever = "unknown-is-never"
    /// A token of which the log says nothing so far is said to be never (`R26`, `R94`).
    case openIsNever = "open-is-never"
    /// A token that is on its way is said to have had its effect (`R69`).
    case openIsEffective = "open-is-effective"
    /// A caller is answered twice.
    case repliesTwice = "replies-twice"
    /// The pipeline takes more than its limit (`R62`).
    case limitsIgnored = "limits-ignored"
    /// A directory that was found to be an old copy does not know it any more once it is opened again (`R81`).
    case latchNotDurable = "latch-not-durable"
    /// A higher boot is all that a process needs to take the place of another (`R81`).
    case bootAloneProves = "boot-alone-proves"
    /// Who shows the process that counts need not hold what that went on to write (`R81`).
    case historyNotChecked = "history-not-checked"
    /// What somebody says to have heard of a node needs no tag of that node's (`R91`).
    case tagsNotChecked = "tags-not-checked"
    /// Whatever others say they were made with passes for what this one was made with (`R82`).
    case digestNotCompared = "digest-not-compared"
    /// A process speaks under the nonce of another (`R76`).
    case borrowedIdentity = "borrowed-identity"
    /// A leader's heartbeat goes under another node's ballot (`R80`).
    case borrowedBallot = "borrowed-ballot"
    /// An Accept says that what it proposes is committed (`R84`).
    case commitAboveProposal = "commit-above-proposal"
    /// Whatever a leader proposes goes again with its next heartbeat, though it stands in a queue (`R83`).
    case silenceResends = "silence-resends"
    /// A candidate asks for the same page whenever it asks for promises (`R83`).
    case pageAskedAgain = "page-asked-again"
    /// An append goes to the leader again with the answer to its heartbeat (`R83`).
    case forwardResent = "forward-resent"
    /// Rows of somebody who was not asked last, or for others than were asked for last, are dropped (`R83`).
    case lateRowsDropped = "late-rows-dropped"
    /// Whoever answers in the lane of liveness passes for having answered in that of the log (`R61`).
    case otherLaneAnswers = "other-lane-answers"
    /// A member does not notice how much more others have than itself, and leads (`R85`).
    case behindLeads = "behind-leads"
    /// Nobody looks at rows of what it has committed already (`R37`).
    case otherEntryIgnored = "other-entry-ignored"
    /// Nobody compares what a leader says of its prefix (`R37`).
    case prefixNotCompared = "prefix-not-compared"
    /// A member trims what it has itself, whatever others may ask for (`R42`).
    case trimmedUnconfirmed = "trimmed-unconfirmed"
    /// What is trimmed passes for empty: in promises, and where rows are asked for (`R15`).
    case trimmedIsEmpty = "trimmed-is-empty"
    /// The promise is that of a base that is installed, though a higher one was given (`R44`).
    case installLowersPromise = "install-lowers-promise"
    /// A base is installed without the tokens that have had their effect (`R43`, `R57`).
    case baseWithoutLogState = "base-without-log-state"
    /// What a base stands for is gone with the transaction before that of the base (`R78`).
    case trimBeforeBase = "trim-before-base"
    /// A base is installed though the snapshot that came with it is not there (`R42`).
    case baseBeforeSnapshot = "base-before-snapshot"
    /// The file of a snapshot that has come gets its name before it is flushed (`R42`).
    case snapshotNamedUnflushed = "snapshot-named-unflushed"
    /// A cursor is moved to all that its node has delivered, whatever was confirmed.
    case cursorAhead = "cursor-ahead"
    /// A call trims past cursors, though it was not told to.
    case trimPastCursors = "trim-past-cursors"
    /// A leader hands over to whom it is told, whatever that one has.
    case transfersEarly = "transfers-early"
    /// Nobody ever looks for a new leader.
    case sleepsThroughElections = "sleeps-through-elections"
}
