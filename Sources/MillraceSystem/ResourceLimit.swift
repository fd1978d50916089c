// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the system lets this process take at most.
package enum ResourceLimit {
    /// Bytes of a core dump.
    case coreDump
    /// Open files.
    case files
    /// Bytes of address space. Libraries map far more than they use, Swift's above all.
    case addressSpace
    /// Bytes that the process may write to and shares with nobody: heap, stacks, its own mappings.
    case data

    /// For the rest of the process's life. A limit that cannot be set is one less.
    package func set(_ value: UInt) {
        let resource =
            switch self {
            case .coreDump: RLIMIT_CORE
            case .files: RLIMIT_NOFILE
            case .addressSpace: RLIMIT_AS
            case .data: RLIMIT_DATA
            }
        var limits = rlimit(rlim_cur: value, rlim_max: value)
        // SAFETY(limits): a local that the call reads.
        _ = unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
    }

    /// What `data` counts of this process now; nil where the system does not say.
    package static func dataBytes() -> Int64? {
        guard let bytes = try? DurableFile.read("/proc/self/status", limit: 64 << 10) else {
            return nil
        }
        // `VmData:      1234 kB`
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("VmData:") {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
                .flatMap { Int64($0) }.map { $0 << 10 }
        }
        return nil
    }
}
