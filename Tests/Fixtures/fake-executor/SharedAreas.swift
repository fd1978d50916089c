// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem
import MillraceWire

/// The pages of an executor as it writes them; offsets of `mrr_pages.h`.
struct SharedAreas: @unchecked Sendable {
    let blackBox: SharedPages
    let cells: SharedPages

    func fill(_ plan: Plan) {
        head(blackBox.pointer)
        store(UInt32(plan.taskCount), blackBox.pointer + 12)
        var task = 0
        for (number, node) in plan.nodes.enumerated() {
            for instance in 0..<node.parallelism {
                let box = blackBox.pointer + BlackBox.offset(task: task)
                head(box)
                store(UInt32(number), box + 64)
                store(UInt32(instance), box + 68)
                task += 1
            }
        }
        store(UInt32(1), blackBox.pointer + 8)
        guard plan.taskCount == 3 else { return }
        // The source gave 10 records, the sink took 9, one still waits.
        store(UInt64(10), cells.pointer + 8)
        let sink = cells.pointer + Cells.offset(task: plan.taskCount - 1)
        store(UInt64(9), sink)
        store(UInt64(1), sink + 104)
        store(UInt64(1024), sink + 112)
        // The second task has been busy for 5 ns and is since now.
        let second = cells.pointer + Cells.offset(task: 1)
        store(UInt64(5), second + 72)
        store(MonotonicClock.now(), second + 88)
        store(UInt32(1), second + 96)
        store(UInt64(77), second + 512 + 16)
    }

    func enter(task: Int, call: PluginCall) {
        let box = blackBox.pointer + BlackBox.offset(task: task)
        store(call.rawValue, box + 12)
        store(MonotonicClock.now(), box + 16)
        store(UInt64(12), box + 32)
        store(UInt32(256), box + 40)
        store(CurrentThread.id, box + 80)
        store(BlackBoxPage.State.inPlugin.rawValue, box + 8)
    }

    func leaveCall(task: Int) {
        store(UInt32(0), blackBox.pointer + BlackBox.offset(task: task) + 8)
    }

    /// Says that all of our own code belongs to a plugin.
    func claimCode(plugin: UInt64) {
        let touch: @convention(c) (UInt) -> Void = touch
        let here = UInt64(UInt(bitPattern: unsafeBitCast(touch, to: UnsafeRawPointer.self)))
        store(here - (64 << 20), blackBox.pointer + 256)
        store(here + (64 << 20), blackBox.pointer + 264)
        store(plugin, blackBox.pointer + 272)
        store(UInt64(1), blackBox.pointer + 24)
    }

    func startHeart(beats: Bool) {
        let page = blackBox.pointer
        nonisolated(unsafe) let heart = page + 16
        do {
            let thread = try PinnedThread(name: "heart") {
                while true {
                    if beats { store(MonotonicClock.now(), heart) }
                    usleep(20_000)
                }
            }
            _ = Unmanaged.passRetained(thread)
        } catch { _exit(98) }
    }

    func leave() { store(UInt32(2), blackBox.pointer + 8) }

    private func head(_ page: UnsafeMutableRawPointer) {
        store(UInt32(0x5842_524D), page)
        store(UInt32(1), page + 4)
    }
}

func store<Value: FixedWidthInteger>(_ value: Value, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: value.littleEndian, as: Value.self)
}

/// Supervises another fake executor until it is killed; says its process id first.
func superviseForEver() -> Never {
    do {
        let plan = Plan(job: "run-0000", name: "pair", nodes: [], edges: [], threads: 1)
        let executor = try ExecutorProcess(
            executable: try ChildProcess.ownExecutable(), arguments: ["clean"], tasks: 0
        ) { event in
            if case .report(.hello(_, _, let pid)) = event { StandardOutput.write("\(pid)\n") }
        }
        _ = executor.send(.load(plan))
        _ = executor.child.wait()
    } catch {
        StandardError.write("\(error)\n")
    }
    _exit(97)
}
