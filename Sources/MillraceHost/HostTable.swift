// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceExpression
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
                    guard let id = unsafe id else { return nil }
                    switch unsafe String(cString: id) {
                    case MR_EXT_METRICS: return unsafe UnsafeRawPointer(metrics)
                    case MR_EXT_KEYED_STATE: return unsafe UnsafeRawPointer(keyedState)
                    case MR_EXT_TIME: return unsafe UnsafeRawPointer(time)
                    case MR_EXT_JOURNAL: return unsafe UnsafeRawPointer(HostJournal.table)
                    default: return unsafe mrx_extension(id, mrr_host_set_error)
                    }
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

    // SAFETY(keyedState): a copy of the C table, made once, never freed.
    private nonisolated(unsafe) static let keyedState: UnsafePointer<mr_host_keyed_state> = {
        let table = UnsafeMutablePointer<mr_host_keyed_state>.allocate(capacity: 1)
        unsafe table.initialize(to: mrr_keyed_state_table)
        return unsafe UnsafePointer(table)
    }()

    // SAFETY(time): as above.
    private nonisolated(unsafe) static let time: UnsafePointer<mr_host_time> = {
        let table = UnsafeMutablePointer<mr_host_time>.allocate(capacity: 1)
        unsafe table.initialize(to: mrr_time_table)
        return unsafe UnsafePointer(table)
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
