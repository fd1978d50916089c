// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire
import Testing

@testable import MillraceJobs

struct WatchdogTests {
    private let second: Int64 = 1_000_000_000

    /// Looks every 100 ms at one call that does not return; what was found, and when.
    private func watch(
        _ call: PluginCall, seconds: Int64, heart: Bool = true, open: Bool = true
    ) -> [String] {
        var dog = Watchdog(plan: Sample.plan())
        var told: [String] = []
        for turn in 0...seconds * 10 {
            let now = 1_000 * second + turn * second / 10
            let seen = Watchdog.Call(task: 1, box: Sample.box(call: call, calls: 4))
            let found = dog.look(
                calls: call == .none ? [] : [seen], heartbeat: heart ? now : 1, isOpen: open,
                now: now)
            for finding in found {
                switch finding {
                case .slow: told.append("slow \(turn)")
                case .hung:
                    told.append("hung \(turn)")
                    return told
                case .frozen:
                    told.append("frozen \(turn)")
                    return told
                }
            }
        }
        return told
    }

    @Test func `a call is reported once at the soft limit and ended at the hard one`() {
        #expect(watch(.process, seconds: 60) == ["slow 10", "hung 100"])
        #expect(watch(.poll, seconds: 9) == ["slow 10"])
    }

    @Test func `setting up has thirty seconds`() {
        #expect(watch(.create, seconds: 60) == ["slow 50", "hung 300"])
        #expect(watch(.entry, seconds: 60) == ["slow 50", "hung 300"])
    }

    @Test func `a heart that stands still is found, later while loading`() {
        #expect(watch(.none, seconds: 60, heart: false) == ["frozen 100"])
        #expect(watch(.none, seconds: 60, heart: false, open: false) == ["frozen 300"])
        #expect(watch(.none, seconds: 60) == [])
    }

    @Test func `calls that return are no hang, however busy the task`() {
        var dog = Watchdog(plan: Sample.plan())
        for turn in 0..<1_000 as Range<Int64> {
            // A new call every second: the count of completed ones moves.
            let seen = Watchdog.Call(task: 1, box: Sample.box(calls: UInt64(turn / 9)))
            let found = dog.look(
                calls: [seen], heartbeat: turn, isOpen: true, now: turn * second / 10)
            #expect(found.isEmpty)
        }
    }

    @Test func `a supervisor that was stopped itself blames nobody`() {
        var dog = Watchdog(plan: Sample.plan())
        let seen = Watchdog.Call(task: 1, box: Sample.box())
        #expect(dog.look(calls: [seen], heartbeat: 1, isOpen: true, now: 1).isEmpty)
        #expect(dog.look(calls: [seen], heartbeat: 1, isOpen: true, now: 3_600 * second).isEmpty)
        #expect(dog.watched == 2 * Watchdog.intervalNanoseconds)
    }

    @Test func `a task that no plan has is not looked at`() {
        var dog = Watchdog(plan: Sample.plan())
        let seen = Watchdog.Call(task: 3, box: Sample.box())
        for turn in 0..<300 as Range<Int64> {
            let found = dog.look(
                calls: [seen], heartbeat: turn, isOpen: true, now: turn * second / 10)
            #expect(found.isEmpty)
        }
    }
}
