// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire
import Testing

@testable import MillraceJobs

/// Plays a story to a machine and writes down what it does: one word per event, and after an
/// arrow the actions.
private struct Story {
    var machine: RunMachine
    var now: Int64 = 1_000_000_000_000
    private var heart: Int64 = 0

    init(duration: Int64? = nil, limit: UInt64? = nil, hard: Int64 = 10_000_000_000) {
        machine = RunMachine(
            plan: Sample.plan(hard: hard), options: .init(duration: duration, limit: limit))
        _ = machine.begin()
    }

    static let crash = Failure(.crash, node: "score", "score#0 crashed")

    mutating func play(_ words: String) -> String {
        words.split(separator: " ").map { word in
            let actions = step(String(word))
            return actions.isEmpty ? "-" : actions.map(name).joined(separator: "+")
        }.joined(separator: " ")
    }

    mutating func step(_ word: String) -> [RunMachine.Action] {
        switch word {
        case "hello": report(.hello(version: ControlChannel.version, release: "1", pid: 1))
        case "newer": report(.hello(version: 9, release: "2", pid: 1))
        case "loaded": report(.loaded)
        case "opened": report(.opened)
        case "started": report(.started(metrics: []))
        case "drained": report(.drained)
        case "stopped": report(.stopped)
        case "failed": report(.failed(Failure(.operatorFailed, node: "score", "no")))
        case "log": report(.log(LogLine(level: .info, text: "x")))
        case "int": machine.handle(.signal(2), now: now)
        case "term": machine.handle(.signal(15), now: now)
        case "stop": machine.handle(.stopRequested(.init()), now: now)
        case "garbage": machine.handle(.channelEnded(Self.crash), now: now)
        case "eof": machine.handle(.channelEnded(nil), now: now)
        case "exit": machine.handle(.exited(clean: true, verdict: Self.crash), now: now)
        case "crash": machine.handle(.exited(clean: false, verdict: Self.crash), now: now)
        case "6s", "31s": passes(word == "6s" ? 60 : 310, calls: [])
        case "10inplugin": passes(101, calls: [.init(task: 1, box: Sample.box())])
        case "9records": observed(.init(heartbeat: now, delivered: 9))
        case "left":
            observed(
                .init(
                    calls: [.init(task: 1, box: Sample.box())], heartbeat: now,
                    backlog: [.init(node: "sink", records: 14)]))
        default: preconditionFailure("BUG: no such word: \(word)")
        }
    }

    private mutating func report(_ report: ExecutorReport) -> [RunMachine.Action] {
        machine.handle(.report(report), now: now)
    }

    private mutating func observed(_ seen: RunMachine.Observation) -> [RunMachine.Action] {
        now += 100_000_000
        return machine.handle(.tick([seen]), now: now)
    }

    private mutating func passes(
        _ ticks: Int, calls: [Watchdog.Call]
    ) -> [RunMachine.Action] {
        (0..<ticks).flatMap { _ in observed(.init(calls: calls, heartbeat: now)) }
    }

    private func name(_ action: RunMachine.Action) -> String {
        switch action {
        case .send(.load, _): "load"
        case .send(.open, _): "open"
        case .send(.start, _): "start"
        case .send(.drain, _): "drain"
        case .send(.stop, _): "stop"
        case .kill: "kill"
        case .log: "log"
        case .start: "executor"
        case .send, .store, .stepDown, .savepoint: "of a job"
        }
    }

    var ending: String {
        switch machine.state {
        case .stopped(let cause): "stopped \(cause)"
        case .failed(let ending): "\(ending.failure.code) exit \(ending.exitCode)"
        case .starting, .running, .recovering, .draining, .closing, .failing: "not over"
        }
    }
}

struct RunMachineTests {
    private let open = "hello loaded opened started "

    /// The actions of each event, and the end.
    private func tell(
        _ words: String, duration: Int64? = nil, limit: UInt64? = nil, hard: Int64 = 10_000_000_000
    ) -> String {
        var story = Story(duration: duration, limit: limit, hard: hard)
        return story.play(words) + " | " + story.ending
    }

    @Test func `a run begins, drains by itself and ends well`() {
        #expect(
            tell(open + "drained stopped exit")
                == "load open start - stop - - | stopped sourcesEnded"
        )
    }

    @Test func `signal, request, time and limit drain it`() {
        let rest = " drained stopped exit"
        #expect(
            tell(open + "int" + rest) == "load open start - drain stop - - | stopped interrupted")
        #expect(tell(open + "stop" + rest) == "load open start - drain stop - - | stopped asked")
        #expect(
            tell(open + "6s" + rest, duration: 5_000_000_000)
                == "load open start - drain stop - - | stopped timeElapsed")
        #expect(
            tell(open + "9records" + rest, limit: 9)
                == "load open start - drain stop - - | stopped limitReached")
        #expect(
            tell(open + "9records", limit: 10) == "load open start - - | not over")
    }

    @Test func `a wish to end that comes early is remembered`() {
        #expect(
            tell("hello int loaded opened started drained stopped exit")
                == "load - open start drain stop - - | stopped interrupted")
    }

    @Test func `a second signal kills, with its number in the exit code`() {
        #expect(tell(open + "int int crash").hasSuffix("drain kill - | MR4202 exit 130"))
        #expect(tell(open + "int term crash").hasSuffix("drain kill - | MR4202 exit 143"))
        #expect(tell("hello int int crash").hasSuffix("load - kill - | MR4202 exit 130"))
        // The first signal of a run that drains for another reason changes nothing.
        #expect(tell(open + "stop int drained stopped exit").hasSuffix("| stopped asked"))
        #expect(tell(open + "drained int stopped exit").hasSuffix("| stopped sourcesEnded"))
    }

    @Test func `a drain that takes too long is ended, and what is left is told`() throws {
        var story = Story()
        #expect(story.play(open + "int 31s left") == "load open start - drain kill -")
        guard case .failing(let ending, nil) = story.machine.state else {
            Issue.record("it should be failing: \(story.machine.state)")
            return
        }
        #expect(ending.exitCode == 75)
        var told = Story()
        _ = told.play(open + "int")
        told.now += 30_000_000_000
        #expect(told.play("left crash") == "kill -")
        guard case .failed(let end) = told.machine.state else { return }
        #expect(
            end.failure.text
                == "not drained after 30 s; left are 14 before sink; at work: score")
        #expect(end.failure.node == "sink" && told.ending == "MR4202 exit 75")
    }

    @Test func `the death of the executor is the end, whenever it comes`() {
        for words in ["", "hello ", "hello loaded ", open, open + "int ", open + "drained "] {
            #expect(tell(words + "crash").hasSuffix("| MR4101 exit 1"), "\(words)")
        }
        // Also when it says nothing is wrong, but its work is not done.
        #expect(tell(open + "exit").hasSuffix("| MR4101 exit 1"))
        #expect(tell(open + "drained stopped crash").hasSuffix("| MR4101 exit 1"))
    }

    @Test func `an operator that gives up is asked to stop, and its failure is kept`() {
        #expect(tell(open + "failed stopped exit") == "load open start - stop - - | MR4106 exit 1")
        #expect(tell(open + "failed failed crash").hasSuffix("stop - - | MR4106 exit 1"))
        #expect(tell(open + "failed 6s crash").hasSuffix("stop kill - | MR4106 exit 1"))
    }

    @Test func `a call that does not return is reported, then ended`() {
        #expect(tell(open + "10inplugin crash").hasSuffix("log+kill - | MR4102 exit 1"))
        #expect(
            tell(open + "10inplugin crash", hard: 60_000_000_000).hasSuffix("log - | MR4101 exit 1")
        )
    }

    @Test func `an executor that cannot be understood is ended`() {
        #expect(tell("newer stopped exit") == "stop - - | MR7202 exit 69")
        #expect(tell("loaded crash") == "stop - | MR9002 exit 70")
        #expect(tell(open + "garbage crash").hasSuffix("kill - | MR9001 exit 70"))
        #expect(tell(open + "eof crash").hasSuffix("- - | MR4101 exit 1"))
        #expect(tell(open + "eof 6s crash").hasSuffix("- kill - | MR9001 exit 70"))
        #expect(tell("31s crash") == "kill - | MR7202 exit 69")
    }

    @Test func `no order of events is a trap, and every story ends`() {
        // Random stories from a fixed seed. After each step: what is over stays over, and only an
        // exit ends it.
        let words = [
            "hello", "newer", "loaded", "opened", "started", "drained", "stopped", "failed", "log",
            "int", "term", "stop", "garbage", "eof", "9records", "left", "6s",
        ]
        var seed: UInt64 = 1
        for _ in 0..<500 {
            var story = Story(duration: 5_000_000_000, limit: 9)
            for _ in 0..<12 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Half of the stories begin as they should.
                let word = words[Int(seed >> 33) % words.count]
                _ = story.step(word)
                #expect(!story.machine.isOver)
            }
            _ = story.step("crash")
            #expect(story.machine.isOver)
            #expect(story.step("9records").isEmpty && story.step("int").isEmpty)
        }
    }
}
