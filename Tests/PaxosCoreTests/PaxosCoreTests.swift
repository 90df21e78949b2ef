// PaxosCoreTests
