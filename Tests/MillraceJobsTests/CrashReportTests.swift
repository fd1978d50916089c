// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem
import MillraceWire
import Testing

@testable import MillraceJobs

struct CrashReportTests {
    private let plan = Sample.plan()
    private let segv = ChildProcess.Exit.signaled(11)

    private func report(
        _ process: ProcessPage?, _ boxes: [Int: BlackBoxPage], _ exit: ChildProcess.Exit
    ) -> CrashReport {
        CrashReport(plan: plan, process: process, boxes: boxes, exit: exit)
    }

    @Test func `a stamp in the page of a running task names everything`() {
        let told = report(
            Sample.process(), [1: Sample.box(stamp: [0, 0x1234, 77])], segv)
        #expect(told.guilt == .task(1))
        #expect(told.failure.code == .crash && told.failure.node == "score")
        #expect(
            told.failure.text
                == "score#0 crashed in process: SIGSEGV at 0x0 (operator demo.score 1.0.0, "
                + "libmr_score.so), records 12…267 of lane 0")
        #expect(
            told.failure.description.hasPrefix("error MR4101  score#0 crashed in process: SIGSEGV"))
    }

    @Test func `one record is called one`() {
        let told = report(
            Sample.process(), [1: Sample.box(count: 1, stamp: [0, 0x1234, 77])], segv)
        #expect(told.failure.text.hasSuffix(", record 12 of lane 0"))
    }

    @Test func `a stamp of the process finds the task by its thread`() {
        let told = report(
            Sample.process(stamp: [0, 0x1234, 77]),
            [1: Sample.box(call: .create, thread: 77), 2: Sample.box(thread: 78)], segv)
        #expect(told.guilt == .task(1))
        #expect(told.failure.text.contains("score#0 crashed in create"))
        #expect(!told.failure.text.contains("records"))
    }

    @Test func `a thread that a plugin started is known by its code`() {
        let told = report(
            Sample.process(stamp: [0, 0x1fff, 99]), [2: Sample.box(thread: 78)], segv)
        #expect(told.guilt == .library(1) && told.failure.code == .crash)
        #expect(told.failure.node == "score")
        #expect(
            told.failure.text
                == "a thread of the plugin score 1.2.3 crashed: SIGSEGV at 0x0 (libmr_score.so, "
                + "used by score)")
    }

    @Test func `an abort inside the C library is traced back to the plugin`() {
        let told = report(
            Sample.process(stamp: [0, 0x9999, 99, 0x8888, 0x1500], signal: 6), [:], .signaled(6))
        #expect(told.guilt == .library(1))
        #expect(told.failure.text.contains("crashed: SIGABRT ("))
    }

    @Test func `our own code is blamed when nobody was in a plugin`() {
        let told = report(
            Sample.process(stamp: [0, 0x9999, 99]), [1: Sample.box(state: .host)], segv)
        #expect(told.guilt == .host && told.failure.code == .invariantBroken)
        #expect(told.failure.code.exitCode == 70 && told.failure.kind == .bug)
    }

    @Test func `without a stamp one running task is a suspect and several are none`() {
        let one = report(Sample.process(), [1: Sample.box()], .signaled(9))
        #expect(one.guilt == .suspect(1) && one.failure.code == .executorExited)
        #expect(
            one.failure.text.hasPrefix(
                "the executor was killed while score#0 was in process: SIGKILL (operator"))
        let several = report(
            Sample.process(), [1: Sample.box(), 2: Sample.box()], .signaled(9))
        #expect(several.guilt == .unknown && several.failure.node == nil)
        #expect(
            several.failure.text
                == "the executor was killed: SIGKILL; running were score#0, sink#0")
    }

    @Test func `a kill for want of memory has a code of its own`() {
        let told = CrashReport(
            plan: plan, process: Sample.process(), boxes: [:], exit: .signaled(9),
            memoryWasShort: true)
        #expect(told.failure.code == .outOfMemory)
        #expect(
            told.failure.text
                == "the executor was killed for want of memory: SIGKILL; no operator was running")
        // A stamp says more than the count of the machine.
        let crashed = CrashReport(
            plan: plan, process: Sample.process(), boxes: [1: Sample.box(stamp: [0, 0x1234, 77])],
            exit: segv, memoryWasShort: true)
        #expect(crashed.failure.code == .crash)
    }

    @Test func `whoever calls exit is named with the status`() {
        let told = report(
            Sample.process(), [1: Sample.box(stamp: [0, 0x1234, 77], signal: .max)],
            .exited(code: 3))
        #expect(told.guilt == .task(1) && told.failure.code == .executorExited)
        #expect(told.failure.text.hasPrefix("score#0 called exit(3) in process ("))
    }

    @Test func `an end without a word is ours, unless somebody was running`() {
        let ours = report(Sample.process(), [:], .exited(code: 9))
        #expect(ours.failure.code == .invariantBroken && ours.failure.text.contains("status 9"))
        let theirs = report(Sample.process(), [1: Sample.box()], .exited(code: 9))
        #expect(theirs.failure.code == .executorExited && theirs.failure.node == "score")
        let early = report(nil, [:], .exited(code: 127))
        #expect(early.failure.code == .invariantBroken)
    }

    @Test func `a library number that no plan knows is not believed`() {
        var process = Sample.process(stamp: [0, 0x1fff, 99])
        process.modules[0].plugin = 5_000
        #expect(report(process, [:], segv).guilt == .host)
    }
}
