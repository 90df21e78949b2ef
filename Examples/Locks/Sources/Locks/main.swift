import ExampleSupport
import ReplicatedLog

try await Member(of: ClusterID("locks")).run(LockTable()) { table in
    [Ticker(table: table)]
} routes: { table, router in
    addRoutes(of: table, to: router)
}
