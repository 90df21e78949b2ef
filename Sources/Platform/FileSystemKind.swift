import CPlatform

/// What kind of file system a path is on, as far as a durable memory map cares.
package struct FileSystemKind: Equatable, Sendable, CustomStringConvertible {
    /// The usual name, such as `ext4`, or `unknown (0x…)`.
    package let name: String
    /// Shared with other machines: locks and memory maps are not to be trusted.
    package let isNetwork: Bool
    /// Gone with the power.
    package let isMemory: Bool
    /// Served by a process of its own, of which the kernel cannot say what is behind it.
    package let isUserSpace: Bool

    package var description: String { name }

    /// Asks the operating system.
    package init(path: String) throws(PosixError) {
        var magic: UInt64 = 0
        var isLocal = true
        var code: Int32 = 0
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            buffer.initialize(repeating: 0)
            code = cplatform_file_system(path, &magic, buffer.baseAddress, &isLocal)
            return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        }
        guard code == 0 else { throw PosixError(code: code, operation: "statfs", path: path) }
        if name.isEmpty {
            self.init(magic: UInt32(truncatingIfNeeded: magic))
        } else {
            self.init(name: name, isNetwork: !isLocal, isUserSpace: name.hasSuffix("fuse"))
        }
    }

    /// The kind that Linux gives this magic number to (linux/magic.h and the file systems' own).
    package init(magic: UInt32) {
        if let name = Self.local[magic] {
            self.init(name: name)
        } else if let name = Self.network[magic] {
            self.init(name: name, isNetwork: true)
        } else if let name = Self.memory[magic] {
            self.init(name: name, isMemory: true)
        } else if magic == 0x6573_5546 {
            self.init(name: "fuse", isUserSpace: true)
        } else {
            self.init(name: "unknown (0x" + String(magic, radix: 16) + ")")
        }
    }

    private init(
        name: String,
        isNetwork: Bool = false,
        isMemory: Bool = false,
        isUserSpace: Bool = false
    ) {
        self.name = name
        self.isNetwork = isNetwork
        self.isMemory = isMemory
        self.isUserSpace = isUserSpace
    }

    // ext2, ext3 and ext4 share one number; ext4 is what is meant today. Overlay is whatever is
    // below it, which it does not tell.
    private static let local: [UInt32: String] = [
        0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x2FC1_2FC1: "zfs",
        0x794C_7630: "overlayfs", 0xF2F5_2010: "f2fs", 0xCA45_1A4E: "bcachefs",
        0x3153_464A: "jfs", 0x5265_4973: "reiserfs", 0x4D44: "vfat", 0x2011_BAB0: "exfat",
        0x5346_544E: "ntfs", 0xF15F: "ecryptfs", 0x7371_7368: "squashfs",
    ]

    // File systems of a cluster's shared disk and of a virtual machine's host count too: another
    // kernel may write the same file.
    private static let network: [UInt32: String] = [
        0x6969: "nfs", 0xFF53_4D42: "cifs", 0xFE53_4D42: "smb2", 0x517B: "smb", 0x0102_1997: "9p",
        0x00C3_6400: "ceph", 0x5346_414F: "afs", 0x6B41_4653: "afs", 0x7375_7245: "coda",
        0x564C: "ncp", 0x7461_636F: "ocfs2", 0x0116_1970: "gfs2", 0x0BD0_0BD0: "lustre",
        0x4750_4653: "gpfs", 0x2003_0528: "orangefs", 0x786F_4256: "vboxsf",
        0xBACB_ACBC: "vmhgfs", 0x7C7C_6673: "prl_fs",
    ]

    private static let memory: [UInt32: String] = [
        0x0102_1994: "tmpfs", 0x8584_58F6: "ramfs", 0x9584_58F6: "hugetlbfs",
    ]
}
