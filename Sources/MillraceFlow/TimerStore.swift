// SPDX-License-Identifier: Apache-2.0
// Timers of one task (`mrr_timers.h`), and how they lie in a checkpoint: pieces of a key group, or
// of none for timers without a key, little endian:
//
//     version u8, 1 · count u32 · {domain u8, 0 event, 1 processing · time i64 · key hash u64 ·
//                                  cookie u64 · key blob}
import CMillrace
import CMillraceRuntime
import Glibc
import MillraceCore

/// SAFETY(Sendable): used by the loop's thread alone, once records flow.
@safe package final class TimerStore: @unchecked Sendable {
    // SAFETY(handle): made by init; lives as long as the process, as its task does.
    let handle: OpaquePointer

    /// Throws MR4103.
    package init() throws(Failure) {
        let memory = unsafe mrr_memory(
            impl: nil, take: { _, bytes in unsafe malloc(Int(bytes)) },
            give: { _, memory, _ in unsafe free(memory) })
        guard let made = unsafe mrr_timers_make(memory, UInt64(Limits.timersMax)) else {
            throw Failure(.outOfMemory, "no memory for timers")
        }
        unsafe handle = made
    }

    package var count: Int { unsafe Int(mrr_timers_count(handle)) }

    /// All of them, at a barrier.
    package func pieces() -> [(keyGroup: Int?, bytes: [UInt8])] {
        // Changed where they lie: behind the key groups comes that of timers without a key.
        var counts = [Int](repeating: 0, count: Limits.keyGroups + 1)
        var bodies = [ByteWriter](repeating: ByteWriter(), count: Limits.keyGroups + 1)
        for at in 0..<(unsafe mrr_timers_span(handle)) {
            guard let raw = unsafe mrr_timers_at(handle, at) else { continue }
            let (time, hash, cookie) = unsafe (
                raw.pointee.time, raw.pointee.key_hash, raw.pointee.cookie
            )
            let isEvent = unsafe raw.pointee.domain == MR_EVENT_TIME
            // SAFETY(raw): memory of the store, which nobody changes meanwhile.
            let key = unsafe Array(
                UnsafeRawBufferPointer(
                    start: raw.pointee.key.data, count: Int(raw.pointee.key.size)))
            let group = key.isEmpty ? Limits.keyGroups : Int(hash & UInt64(Limits.keyGroups - 1))
            bodies[group].u8(isEvent ? 0 : 1)
            bodies[group].i64(time)
            bodies[group].u64(hash)
            bodies[group].u64(cookie)
            bodies[group].blob(key)
            counts[group] += 1
        }
        return counts.indices.filter { counts[$0] > 0 }.map { group in
            var head = ByteWriter()
            head.u8(1)
            head.count(counts[group])
            return (group == Limits.keyGroups ? nil : group, head.bytes + bodies[group].bytes)
        }
    }

    /// Before the first call. Throws MR6004 for what is damaged.
    package func restore(_ piece: [UInt8], node: String) throws(Failure) {
        var reader = ByteReader(piece, of: "timers of a task", code: .stateDamaged)
        guard try reader.u8() == 1 else {
            throw reader.failure("are of a version that this program cannot read")
        }
        for _ in 0..<(try reader.count(bytesEach: 29)) {
            let domain = try reader.u8() == 0 ? MR_EVENT_TIME : MR_PROCESSING_TIME
            let (time, hash, cookie) = (try reader.i64(), try reader.u64(), try reader.u64())
            var key = try reader.blob()
            // SAFETY(key): copied by the call.
            let status = unsafe key.withUnsafeMutableBytes { bytes in
                var timer = unsafe mr_timer(
                    time: time, key_hash: hash,
                    key: mr_str(
                        data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                        size: UInt64(bytes.count)), cookie: cookie, domain: domain, reserved0: 0)
                return unsafe mrr_timers_restore(handle, &timer)
            }
            guard status == MR_OK else {
                throw Failure(
                    status == MR_E_NOMEM ? .outOfMemory : .stateDamaged, node: node,
                    "its timers cannot be restored")
            }
        }
        try reader.end()
    }
}

extension TaskHandle {
    /// Timers of its operator, which hears of the time through `table`, which lives for ever.
    /// Before records flow.
    @unsafe package func attach(_ timers: TimerStore, _ table: UnsafePointer<mr_time>) {
        unsafe mrr_task_time(handle, table, timers.handle)
    }
}
