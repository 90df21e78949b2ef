// The identity and log types of the core, and the options, counters, errors and snapshots of the storage, are part of
// this module's public face.
@_exported public import LogStorage
@_exported public import PaxosCore
