// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire
import Testing

@testable import millrace

@Suite struct RunLogTests {
    private let second: Int64 = 1_000_000_000
    private let line = LogLine(
        level: .warn, node: "score", instance: 2, text: "slow \"call\"", code: .hang)

    @Test func `a line is text for a person and an object for a program`() {
        let time: Int64 = 1_763_976_667 * second
        #expect(
            LogForm.text.line(line, job: "run-7f3a", time: time)
                == "09:31:07 WARN score#2 slow \"call\"  MR4102")
        #expect(
            LogForm.json.line(line, job: "run-7f3a", time: time)
                == #"{"ts":"2025-11-24T09:31:07Z","level":"warn","msg":"slow \"call\"","#
                + #""code":"MR4102","job":"run-7f3a","node":"score","task":2}"#)
        let own = LogLine(level: .info, text: "x")
        #expect(LogForm.text.line(own, job: "j", time: time) == "09:31:07 INFO x")
        #expect(!LogForm.json.line(own, job: "j", time: time).contains("node"))
    }

    @Test func `what is said again is hidden for ten seconds and counted`() {
        var repeats = LogRepeats()
        #expect(repeats.admit(line, now: 0) == [line])
        for i in 1...37 { #expect(repeats.admit(line, now: Int64(i) * 1_000).isEmpty) }
        var other = line
        other.node = "parse"
        #expect(repeats.admit(other, now: 5 * second) == [other])
        #expect(repeats.over(now: 9 * second).isEmpty)
        let shown = repeats.admit(line, now: 11 * second)
        #expect(
            shown.map(\.text) == [
                "37 identical log lines hidden; no records were dropped", line.text,
            ])
        #expect(shown[0].node == "score" && shown[0].level == .warn)
        #expect(repeats.over(now: nil).isEmpty)
    }

    @Test func `hidden lines are told when their time is over, and at the end`() {
        var repeats = LogRepeats()
        _ = repeats.admit(line, now: 0)
        _ = repeats.admit(line, now: 1)
        #expect(
            repeats.over(now: 10 * second).map(\.text) == [
                "1 identical log line hidden; no records were dropped"
            ])
        #expect(repeats.admit(line, now: 10 * second) == [line])
        _ = repeats.admit(line, now: 11 * second)
        #expect(repeats.over(now: nil).count == 1)
    }

    @Test func `many different lines cost a limited amount of memory`() {
        var repeats = LogRepeats()
        var shown = 0
        for i in 0..<10_000 {
            var one = line
            one.text = "record \(i)"
            shown += repeats.admit(one, now: Int64(i)).count
            shown += repeats.admit(one, now: Int64(i)).count
        }
        // Each once, and a note for each that was forgotten.
        #expect(shown == 20_000 - LogRepeats.linesMax)
        #expect(repeats.over(now: nil).count == LogRepeats.linesMax)
    }

    @Test func `the flag wins, then the variable, then -v and -q`() throws {
        let quiet = Output(quiet: true, colour: .never)
        let plain = Output(colour: .never)
        let verbose = Output(verbose: true, colour: .never)
        var options = LogOptions()
        options.logLevel = nil
        #expect(try options.level(plain, [:]) == .info)
        #expect(try options.level(quiet, [:]) == .warn)
        #expect(try options.level(verbose, [:]) == .trace)
        #expect(try options.level(quiet, ["MILLRACE_LOG_LEVEL": "debug"]) == .debug)
        options.logLevel = .error
        #expect(try options.level(verbose, ["MILLRACE_LOG_LEVEL": "debug"]) == .error)
        options.logLevel = nil
        let failure = #expect(throws: Failure.self) {
            try options.level(plain, ["MILLRACE_LOG_LEVEL": "loud"])
        }
        #expect(failure?.code == .usage)
    }
}

@Suite struct BenchBaseTests {
    private let base = """
        {"shape":"hop1","records_per_second":1000.0,"machine":{"cores":2}}
        {"shape":"tasks","tasks":10,"start_seconds":0.5,"pss_bytes":1000000}
        {"shape":"roundtrip","records_per_second":5.0,"p99_ns":1000}
        """

    private func result(_ members: [JSON.Member]) -> JSON { .object(members) }

    @Test func `fewer records and longer times are worse, beyond the tolerance only`() throws {
        let base = try BenchBase(text: base, name: "base.json")
        func worse(_ figure: String, _ value: Double, shape: String) throws -> [Bool] {
            let json = result([
                .init("shape", .string(shape)), .init(figure, .double(value)),
            ])
            return try base.compare(json, tolerance: 0.05).map(\.isWorse)
        }
        #expect(try worse("records_per_second", 951, shape: "hop1") == [false])
        #expect(try worse("records_per_second", 949, shape: "hop1") == [true])
        #expect(try worse("records_per_second", 5_000, shape: "hop1") == [false])
        #expect(try worse("p99_ns", 1_049, shape: "roundtrip") == [false])
        #expect(try worse("p99_ns", 1_051, shape: "roundtrip") == [true])
        let tasks = result([
            .init("shape", .string("tasks")), .init("tasks", .int(10)),
            .init("start_seconds", .double(0.4)), .init("pss_bytes", .int(2_000_000)),
        ])
        let found = try base.compare(tasks, tolerance: 0.05)
        #expect(found.map(\.isWorse) == [false, true])
        #expect(found[1].text == "worse    pss_bytes  1.9 MiB, base 977 KiB (+100.0%)")
    }

    @Test func `a base without the shape, or without results, is refused`() throws {
        let base = try BenchBase(text: base, name: "base.json")
        for shape in ["lane", "tasks"] {
            let failure = #expect(throws: Failure.self) {
                try base.compare(result([.init("shape", .string(shape))]), tolerance: 0)
            }
            #expect(failure?.next?.contains("tasks 10") == true)
        }
        for text in ["", "[]", "{\"a\":1}", "nonsense\n\u{0}"] {
            #expect(throws: Failure.self) { try BenchBase(text: text, name: "x") }
        }
        let other = result([
            .init("shape", .string("hop1")), .init("machine", .object([.init("cores", .int(4))])),
        ])
        #expect(base.isElsewhere(other))
    }

    @Test func `tolerances are shares`() {
        #expect(Share(argument: "5%")?.value == 0.05)
        #expect(Share(argument: "0.2")?.value == 0.2)
        for wrong in ["", "%", "-1%", "100%", "x", "nan"] { #expect(Share(argument: wrong) == nil) }
    }
}
