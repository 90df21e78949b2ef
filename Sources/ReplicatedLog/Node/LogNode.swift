/// One member of a replicated log.
public final class LogNode: Sendable {
    init() {}
}
