/// Random numbers from the operating system, for incarnations, nonces and seeds.
///
/// `SystemRandomNumberGenerator` asks the kernel on every call (getrandom on Linux,
/// arc4random_buf on Darwin) and keeps no state in the process: a forked child or a virtual machine
/// resumed twice from one image does not repeat numbers that it had in a buffer.
package enum SystemRandom {
    /// 64 random bits.
    package static func uint64() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// So many random bytes.
    package static func bytes(count: Int) -> [UInt8] {
        precondition(count >= 0, "a negative number of bytes")
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
