// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import Glibc
import MillraceCore
import MillraceSystem

/// The table every operator gets: what this host offers. Made once, never freed. The services on
/// the hot path are C (`context.c`); what is here is called now and then.
@unsafe package enum HostTable {
    // SAFETY(table): made once, never freed, never written afterwards.
    package nonisolated(unsafe) static let table: UnsafePointer<mr_host> = {
        let host = UnsafeMutablePointer<mr_host>.allocate(capacity: 1)
        unsafe host.initialize(
            to: mr_host(
                struct_size: UInt32(MemoryLayout<mr_host>.size), abi_version: MR_ABI_VERSION,
                features: 0, name: UnsafePointer(strdup("millrace")),
                version: UnsafePointer(strdup(Release.version)),
                extension: { _, id in
                    guard let id = unsafe id, unsafe String(cString: id) == MR_EXT_METRICS else {
                        return nil
                    }
                    return unsafe UnsafeRawPointer(metrics)
                },
                set_error: mrr_host_set_error,
                log: { context, level, text, size in
                    guard let context = unsafe context, let text = unsafe text else { return }
                    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: Int(size))
                    HostServices.shared.log(
                        unsafe mrr_context_tag(context), level,
                        unsafe String(decoding: bytes.prefix(4_096), as: UTF8.self))
                },
                alloc: { _, size, alignment in
                    var memory: UnsafeMutableRawPointer?
                    let least = max(Int(alignment), MemoryLayout<UInt>.size)
                    guard least & (least - 1) == 0, size < 1 << 40 else { return nil }
                    return unsafe posix_memalign(&memory, least, Int(size)) == 0 ? memory : nil
                },
                release: { _, memory, _, _ in unsafe free(memory) },
                now: { _, clock in
                    clock == MR_CLOCK_WALL ? WallClock.now() : MonotonicClock.now()
                },
                random: mrr_host_random, hash: mrr_host_hash, wake: mrr_host_wake))
        return unsafe UnsafePointer(host)
    }()

    // SAFETY(metrics): as above.
    private nonisolated(unsafe) static let metrics: UnsafePointer<mr_host_metrics> = {
        let table = UnsafeMutablePointer<mr_host_metrics>.allocate(capacity: 1)
        unsafe table.initialize(
            to: mr_host_metrics(
                struct_size: UInt32(MemoryLayout<mr_host_metrics>.size),
                limit: UInt32(Limits.metricCells),
                counter: { context, name, unit, help in
                    unsafe HostServices.shared.cell(context, kind: .counter, name, unit, help)?
                        .assumingMemoryBound(to: UInt64.self)
                },
                gauge: { context, name, unit, help in
                    unsafe HostServices.shared.cell(context, kind: .gauge, name, unit, help)?
                        .assumingMemoryBound(to: Int64.self)
                },
                histogram: { context, name, unit, help in
                    unsafe OpaquePointer(
                        HostServices.shared.cell(context, kind: .histogram, name, unit, help))
                },
                observe: mrr_observe))
        return unsafe UnsafePointer(table)
    }()
}
