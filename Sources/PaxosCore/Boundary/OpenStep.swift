/// A step of a `NodeCore` that has begun: what has arrived is taken in, and appends may come yet. What it asks for is
/// to be had once it is finished.
package struct OpenStep: ~Copyable {
    /// How much of the inbox it takes.
    package internal(set) var appetite = Appetite.none
    /// Got slots, and wait for what comes from the inbox.
    var entries: [Entry] = []
    var closeBy: Tick?
    var output = Output()

    init(closeBy: Tick?) {
        self.closeBy = closeBy
    }
}
