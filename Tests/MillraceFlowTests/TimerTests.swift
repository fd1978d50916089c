// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import Glibc
import Testing

/// Timers of one task beside a set of what should be there, by seed.
struct TimerTests {
    private struct Timer: Hashable, Comparable {
        var domain: Int32
        var time: Int64
        var hash: UInt64
        var cookie: UInt64
        var key: String

        static func < (a: Timer, b: Timer) -> Bool {
            (a.domain, a.time, a.hash, a.cookie) < (b.domain, b.time, b.hash, b.cookie)
        }
    }

    private final class Store {
        let handle: OpaquePointer
        let context: OpaquePointer

        init(most: UInt64 = 100_000) {
            func memory(_ bytes: UInt64) -> UnsafeMutableRawPointer {
                let space = aligned_alloc(128, Int(bytes + 127) & ~127)!
                memset(space, 0, Int(bytes))
                return space
            }
            handle = mrr_timers_make(
                mrr_memory(
                    impl: nil, take: { _, bytes in malloc(Int(bytes)) },
                    give: { _, memory, _ in free(memory) }), most)
            context = mrr_context_make(memory(mrr_context_bytes()), 1, 1)
            let shape = mrr_task_shape(ports: 0, input_lanes: 0)
            let task = mrr_task_make(
                memory(mrr_task_bytes(shape)), shape,
                memory(4_096).assumingMemoryBound(to: mrr_cells.self),
                memory(4_096).assumingMemoryBound(to: mrr_box.self), context)
            mrr_task_time(task, nil, handle)
        }

        func change(_ timer: Timer, isSet: Bool) -> mr_status {
            var key = timer.key
            return key.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    var raw = mr_timer(
                        time: timer.time, key_hash: timer.hash,
                        key: mr_str(data: $0.baseAddress, size: UInt64($0.count)),
                        cookie: timer.cookie, domain: mr_domain(timer.domain), reserved0: 0)
                    return isSet
                        ? mrr_time_table.set(context, &raw, 1)
                        : mrr_time_table.cancel(context, &raw, 1)
                }
            }
        }

        private func timer(_ raw: mr_timer) -> Timer {
            let key = UnsafeRawBufferPointer(start: raw.key.data, count: Int(raw.key.size))
            return Timer(
                domain: raw.domain.rawValue, time: raw.time, hash: raw.key_hash,
                cookie: raw.cookie, key: String(decoding: key, as: UTF8.self))
        }

        var all: Set<Timer> {
            var found: Set<Timer> = []
            for at in 0..<mrr_timers_span(handle) {
                if let raw = mrr_timers_at(handle, at) { found.insert(timer(raw.pointee)) }
            }
            #expect(UInt64(found.count) == mrr_timers_count(handle))
            return found
        }

        func take(_ watermark: Int64, _ wall: Int64) -> [Timer] {
            var due: UnsafePointer<mr_timer>?
            let count = mrr_timers_take(handle, watermark, wall, &due)
            return (0..<Int(count)).map { timer(due![$0]) }
        }
    }

    private struct Chance {
        var state: UInt64
        mutating func next(_ below: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % below
        }
    }

    @Test(arguments: 1...40)
    func `set, cancelled, due, given back and undone, they are what they should be`(seed: Int) {
        var chance = Chance(state: UInt64(seed) &* 0x9E37_79B9)
        let store = Store()
        var kept: Set<Timer> = []
        for _ in 0..<400 {
            mrr_timers_begin(store.handle)
            var now = kept
            if chance.next(3) == 0 {
                let (mark, wall) = (Int64(chance.next(60)), Int64(chance.next(60)))
                let due = store.take(mark, wall)
                let right = now.filter { $0.time <= ($0.domain == 0 ? mark : wall) }.sorted()
                #expect(due == Array(right.prefix(due.count)))
                #expect(due.count == min(right.count, Int(MRR_TIMERS_DUE)))
                now.subtract(due)
                // The operator sets one of them again, and does not come to the end.
                if let again = due.last, chance.next(2) == 0 {
                    #expect(store.change(again, isSet: true) == MR_OK)
                    now.insert(again)
                }
                let consumed = Int(chance.next(UInt64(due.count + 1)))
                mrr_timers_give_back(store.handle, UInt32(consumed))
                now.formUnion(due[consumed...])
            } else {
                for _ in 0..<chance.next(40) {
                    let key = chance.next(6)
                    let timer = Timer(
                        domain: Int32(chance.next(2)), time: Int64(chance.next(60)), hash: key,
                        cookie: chance.next(3), key: key == 0 ? "" : "k\(key)")
                    let isSet = chance.next(3) > 0
                    #expect(store.change(timer, isSet: isSet) == MR_OK)
                    if isSet { now.insert(timer) } else { now.remove(timer) }
                }
            }
            if chance.next(3) == 0 {
                mrr_timers_undo(store.handle)
            } else {
                mrr_timers_keep(store.handle)
                kept = now
            }
            #expect(store.all == kept, "seed \(seed)")
            for domain in [MR_EVENT_TIME, MR_PROCESSING_TIME] {
                let least = kept.filter { $0.domain == domain.rawValue }.map(\.time).min()
                #expect(mrr_timers_next(store.handle, domain) == least ?? .max)
            }
        }
        #expect(!kept.isEmpty)
    }

    @Test func `one too many is refused, and nothing of its call stays`() {
        let store = Store(most: 3)
        func timer(_ time: Int64) -> Timer {
            Timer(domain: 0, time: time, hash: 1, cookie: 0, key: "k")
        }
        mrr_timers_begin(store.handle)
        for time in 0..<3 { #expect(store.change(timer(Int64(time)), isSet: true) == MR_OK) }
        #expect(store.change(timer(2), isSet: true) == MR_OK)
        #expect(store.change(timer(3), isSet: true) == MR_E_NOMEM)
        mrr_timers_undo(store.handle)
        #expect(store.all.isEmpty)
        #expect(
            store.change(
                Timer(domain: 2, time: 0, hash: 0, cookie: 0, key: ""), isSet: true)
                == MR_E_INVALID)
    }
}
