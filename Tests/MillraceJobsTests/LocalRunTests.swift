// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Foundation
import Glibc
import MillraceCore
import MillraceSystem
import MillraceWire
import Synchronization
import Testing

@testable import MillraceJobs

/// The program that plays an executor, built beside the tests.
private enum FakeExecutor {
    static func path() throws -> String {
        // The test program lies in the build folder, or in a bundle there.
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("fake-executor").path
            if access(candidate, X_OK) == 0 { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        let own = URL(fileURLWithPath: try ChildProcess.ownExecutable())
        return own.deletingLastPathComponent().appendingPathComponent("fake-executor").path
    }
}

/// One run of the fake executor in a mode, with all that was told about it.
private final class Played: Sendable {
    let phases = Mutex<[RunPhase]>([])
    let logs = Mutex<[LogLine]>([])
    /// Set once, before it runs.
    private let made = Mutex<LocalRun?>(nil)

    init(
        _ mode: String, hard: Int64 = 10_000_000_000, soft: Int64 = 1_000_000_000,
        drainTimeout: Int64 = 20_000_000_000, duration: Int64? = nil, limit: UInt64? = nil,
        signals: SignalWatch? = nil,
        whenRunning: @escaping @Sendable (LocalRun) -> Void = { _ in }
    ) throws {
        let run = try LocalRun(
            plan: Sample.plan(soft: soft, hard: hard), executable: try FakeExecutor.path(),
            options: .init(
                drainTimeout: drainTimeout, duration: duration, limit: limit, arguments: [mode]),
            signals: signals,
            onLog: { line in self.logs.withLock { $0.append(line) } },
            onStateChange: { phase in
                self.phases.withLock { $0.append(phase) }
                if case .running = phase { whenRunning(self.run) }
            })
        made.withLock { $0 = run }
    }

    var run: LocalRun {
        guard let run = made.withLock({ $0 }) else { preconditionFailure("BUG: not made yet") }
        return run
    }

    func play() -> RunOutcome { run.run() }
}

struct LocalRunTests {
    @Test func `a run that ends by itself is finished, and its counters are kept`() throws {
        let played = try Played("ends")
        let outcome = played.play()
        #expect(outcome.exitCode == 0 && outcome.failure == nil)
        #expect(outcome.summary.recordsIn == 10 && outcome.summary.recordsOut == 9)
        let phases = played.phases.withLock { $0 }
        #expect(phases.first == .running && phases.last == .stopped(.sourcesEnded))
        #expect(phases.count == 3)
        let score = outcome.summary.nodes[1]
        #expect(score.times.busy > 5 && score.metrics.first?.value == 77)
        #expect(outcome.summary.nodes[2].queue == 1)
        // Nothing is left of the child.
        let pid = try #require(outcome.summary.executor)
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        #expect(played.run.status().phase == .stopped(.sourcesEnded))
    }

    @Test func `a request drains, and so do time and limit`() throws {
        #expect(try Played("clean", whenRunning: { $0.requestStop() }).play().exitCode == 0)
        let timed = try Played("clean", duration: 1).play()
        #expect(timed.summary.phase == .stopped(.timeElapsed) && timed.exitCode == 0)
        let limited = try Played("clean", limit: 9).play()
        #expect(limited.summary.phase == .stopped(.limitReached))
    }

    @Test func `the state can be asked for at any time`() throws {
        let holder = SnapshotHolder()
        let played = try Played(
            "clean",
            whenRunning: { run in
                holder.put(run.status())
                run.requestStop()
            })
        #expect(played.run.status().phase == .starting)
        #expect(played.play().exitCode == 0)
        let during = try #require(holder.taken)
        #expect(during.phase == .running && during.recordsIn == 10 && during.executor != nil)
        #expect(during.tasks.count == 3 && during.nodes.map(\.id) == ["source", "score", "sink"])
    }

    private final class SnapshotHolder: Sendable {
        private let value = Mutex<RunSnapshot?>(nil)
        func put(_ snapshot: RunSnapshot) { value.withLock { $0 = snapshot } }
        var taken: RunSnapshot? { value.withLock { $0 } }
    }

    @Test(arguments: [
        ("crash", "score#0 crashed in process: SIGSEGV at 0xdead0 (operator demo.score 1.0.0"),
        ("abort", "score#0 crashed in process: SIGABRT ("),
        ("raise", "score#0 crashed in process: SIGFPE ("),
        ("overflow", "score#0 crashed in process: SIGSEGV at 0x"),
    ])
    func `a fatal signal inside a call names the culprit`(mode: String, text: String) throws {
        // By real signals in a real child: the stamp, its layout and its reader are all in this.
        let outcome = try Played(mode).play()
        let failure = try #require(outcome.failure)
        #expect(failure.code == .crash && outcome.exitCode == 1 && failure.node == "score")
        #expect(failure.text.hasPrefix(text), "\(failure.text)")
        #expect(failure.text.hasSuffix("records 12…267 of lane 0"))
    }

    @Test func `a thread without a task is known by where its code lies`() throws {
        let host = try #require(try Played("stranger-crash").play().failure)
        #expect(host.code == .invariantBroken, "\(host)")
        let plugin = try #require(try Played("stranger-module").play().failure)
        #expect(plugin.code == .crash)
        #expect(plugin.text.hasPrefix("a thread of the plugin score 1.2.3 crashed: SIGSEGV"))
    }

    @Test func `exit and _exit inside a call are told with their status`() throws {
        let hooked = try #require(try Played("exit").play().failure)
        #expect(hooked.code == .executorExited)
        #expect(hooked.text.hasPrefix("score#0 called exit(3) in process"), "\(hooked.text)")
        let silent = try #require(try Played("underscore-exit").play().failure)
        #expect(silent.code == .executorExited)
        #expect(silent.text.hasPrefix("score#0 probably ended its process with status 5"))
    }

    @Test func `a call that never returns is reported, then ended`() throws {
        let played = try Played("hang", hard: 600_000_000, soft: 200_000_000)
        let outcome = played.play()
        #expect(outcome.failure?.code == .hang && outcome.exitCode == 1)
        #expect(
            outcome.failure?.text.hasPrefix("score#0 did not return from process for 0.") == true)
        let slow = played.logs.withLock { $0.filter { $0.code == .hang } }
        #expect(slow.count == 1 && slow.first?.level == .warn && slow.first?.node == "score")
    }

    @Test func `a drain that takes too long ends with 75 and says what is left`() throws {
        let outcome = try Played(
            "stubborn", drainTimeout: 300_000_000, whenRunning: { $0.requestStop() }
        ).play()
        #expect(outcome.exitCode == 75)
        #expect(outcome.failure?.text == "not drained after 0.3 s; left are 1 before sink")
    }

    @Test func `a second signal ends it at once`() throws {
        // On a thread of its own, which alone gets the signals.
        let thread = try PinnedThread(name: "run") {
            do {
                let me = pthread_self()
                let signals = try SignalWatch([SIGUSR1])
                let played = try Played("stubborn", signals: signals) { _ in
                    pthread_kill(me, SIGUSR1)
                }
                let second = try PinnedThread(name: "second") {
                    // Sent once the first one was taken, or the two would be one.
                    while !played.phases.withLock({ $0.count >= 2 }) { sched_yield() }
                    pthread_kill(me, SIGUSR1)
                }
                let outcome = played.play()
                second.join()
                #expect(outcome.exitCode == 128 + SIGUSR1)
            } catch { Issue.record(error) }
        }
        thread.join()
    }

    @Test func `what the executor reports is passed on`() throws {
        let failing = try Played("fails").play()
        #expect(failing.failure == Failure(.operatorFailed, node: "score", "no more"))
        #expect(failing.exitCode == 1)
        let opening = try Played("open-fails").play()
        #expect(opening.failure?.text == "create: no model")
        let logging = try Played("log")
        #expect(logging.play().exitCode == 0)
        #expect(logging.logs.withLock { $0.map(\.text) } == ["here I am"])
    }

    @Test(arguments: [
        ("garbage", FailureCode.invariantBroken), ("huge", .invariantBroken),
        ("newer", .versionSkew), ("impatient", .unreachableState),
        ("early-exit", .invariantBroken), ("bad-exit", .invariantBroken),
        ("killed", .executorExited), ("deaf", .invariantBroken),
    ])
    func `an executor that breaks the protocol is ended`(mode: String, code: FailureCode) throws {
        let outcome = try Played(mode, whenRunning: { $0.requestStop() }).play()
        #expect(outcome.failure?.code == code, "\(outcome)")
        #expect(outcome.exitCode != 0)
    }

    @Test func `a program that is not there is an error`() throws {
        let run = try LocalRun(plan: Sample.plan(), executable: "/no/such/millrace")
        let outcome = run.run()
        #expect(outcome.exitCode == FailureCode.systemRefused.exitCode)
        #expect(outcome.failure?.text.contains("/no/such/millrace") == true)
    }

    @Test func `an executor dies with its supervisor`() throws {
        var ends = try SocketPair()
        let ours = ends.takeFirst()
        let theirs = ends.takeSecond()
        let supervisor = try ChildProcess(
            .init(
                path: try FakeExecutor.path(), arguments: ["supervise"],
                descriptors: [(from: theirs.number, to: Int32(1))]))
        var buffer = [UInt8](repeating: 0, count: 32)
        let size = read(ours.number, &buffer, buffer.count)
        let line = String(decoding: buffer[..<max(size, 0)], as: UTF8.self)
        let pid = try #require(Int32(line.trimmingCharacters(in: .newlines)))
        let executor = FileDescriptor(owning: mrshim_pidfd(pid))
        supervisor.kill(SIGKILL)
        let poller = try Poller()
        try poller.add(executor.number, token: 1)
        #expect(try poller.wait(milliseconds: 30_000) == [1])
    }
}
