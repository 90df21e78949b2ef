// Why a connection was refused is part of this module's public face.
@_exported public import LogWire
