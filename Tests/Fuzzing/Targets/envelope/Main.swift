internal import DecoderProperties

/// What libFuzzer calls with each input, millions of times.
@_cdecl("LLVMFuzzerTestOneInput")
public func check(_ input: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    Decoder.envelope.checkOrTrap(UnsafeBufferPointer(start: input, count: count))
}
