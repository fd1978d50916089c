// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceSystem

/// The host as a plugin sees it in the probe: of this release, with no optional service at all.
/// Nothing is created there, so nearly nothing of it can be called.
@unsafe enum ProbeHostTable {
    // SAFETY(table): made once, never freed, never written afterwards.
    nonisolated(unsafe) static let table: UnsafePointer<mr_host> = {
        let host = UnsafeMutablePointer<mr_host>.allocate(capacity: 1)
        unsafe host.initialize(
            to: mr_host(
                struct_size: UInt32(MemoryLayout<mr_host>.size), abi_version: MR_ABI_VERSION,
                features: 0, name: UnsafePointer(strdup("millrace")),
                version: UnsafePointer(strdup(Release.version)),
                extension: { _, _ in nil },
                set_error: { _, _, _, _ in },
                log: { _, _, _, _ in },
                alloc: { _, size, alignment in
                    var memory: UnsafeMutableRawPointer?
                    let least = max(Int(alignment), MemoryLayout<UInt>.size)
                    return unsafe posix_memalign(&memory, least, Int(size)) == 0 ? memory : nil
                },
                release: { _, memory, _, _ in unsafe free(memory) },
                now: { _, clock in
                    clock == MR_CLOCK_WALL ? WallClock.now() : MonotonicClock.now()
                },
                random: { _ in 4 },
                hash: { _, _ in 0 },
                wake: { _ in }))
        return unsafe UnsafePointer(host)
    }()
}
