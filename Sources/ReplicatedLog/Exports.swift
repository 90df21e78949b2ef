// The identity and log types of the core are part of this module's public face.
@_exported public import PaxosCore
