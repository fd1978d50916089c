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

    /// For the rest of the process's life. A limit that cannot be set is one less.
    package func set(_ value: UInt) {
        let resource =
            switch self {
            case .coreDump: RLIMIT_CORE
            case .files: RLIMIT_NOFILE
            case .addressSpace: RLIMIT_AS
            }
        var limits = rlimit(rlim_cur: value, rlim_max: value)
        // SAFETY(limits): a local that the call reads.
        _ = unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
    }
}
