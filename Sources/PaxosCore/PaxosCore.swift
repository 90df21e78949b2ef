// PaxosCore
