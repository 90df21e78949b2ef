import ExampleSupport
import ReplicatedLog

try await Member(of: ClusterID("key-value")).run(Store()) { store, router in
    addRoutes(of: store, to: router)
}
