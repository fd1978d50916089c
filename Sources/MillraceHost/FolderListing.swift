// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Names in a folder, targets of links, texts of the kernel.
enum FolderListing {
    /// Sorted, without `.` and `..`; empty when the folder cannot be read.
    static func names(_ path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        // SAFETY(entry): valid until the next readdir; the name ends with a zero.
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The path from the root, without `.` and double slashes. Links stay as they are.
    static func absolute(_ path: String) -> String {
        let directory = path.hasPrefix("/") ? "" : linkTarget("/proc/self/cwd") ?? ""
        let parts = "\(directory)/\(path)".split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        // SAFETY(status): a local that the call fills.
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        // SAFETY(buffer): the call writes at most its length and says how much.
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// A whole text file of unknown size; nil when it cannot be read.
    static func text(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY(buffer): at most its length.
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? String(decoding: all, as: UTF8.self) : nil }
            all += buffer[..<count]
        }
    }
}
