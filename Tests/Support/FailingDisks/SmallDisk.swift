import Glibc
import Platform

/// A small ext4 in a file, if this process may mount one; else it says that a test is left out.
package final class SmallDisk {
    package let mountPoint: String

    package init?(below root: String, mebibytes: Int) {
        let image = root + "/disk.img"
        mountPoint = root + "/disk"
        guard getuid() == 0, (try? FileSystem.makeDirectory(mountPoint)) != nil,
            Self.run("truncate -s \(mebibytes)M \(image) && mkfs.ext4 -q -m 0 \(image)"),
            Self.run("mount -o loop \(image) \(mountPoint)")
        else {
            print("a test on a small disk is left out: no loop-mounted file system to be had here")
            return nil
        }
    }

    deinit { _ = Self.run("umount \(mountPoint)") }

    private static func run(_ command: String) -> Bool { system(command + " 2>/dev/null") == 0 }

    private var ballast: String { mountPoint + "/ballast" }

    /// Somebody else takes all that is left, to the last block.
    package func fill() {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 1 << 16)
        var size = block.count
        while size > 0 {
            let written = block.withUnsafeBytes { write(descriptor, $0.baseAddress, size) }
            if written <= 0 { size /= 2 }
        }
        fsync(descriptor)
    }

    /// Gives it back; ext4 lets others have it once its journal is on the disk.
    package func free() throws {
        try FileSystem.removeFile(ballast)
        _ = Self.run("sync -f \(mountPoint)")
        // A moment later, where the machine is busy.
        let parker = Parker()
        for _ in 0..<5_000 where !hasRoom { parker.park(timeout: .milliseconds(2)) }
    }

    private var hasRoom: Bool {
        let path = mountPoint + "/room"
        defer { unlink(path) }
        return (try? FileSystem.write([UInt8](repeating: 1, count: 1 << 16), to: path)) != nil
    }

    /// As after an error of the medium: nothing can be written any more.
    package func makeReadOnly() -> Bool { Self.run("mount -o remount,ro \(mountPoint)") }
}
