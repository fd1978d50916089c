// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Records get their time at the source, and watermarks follow from it, with real processes.
@Suite(.serialized) struct EventTimeTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try ClockPlugin.build(in: sandbox)
    }

    private func run(_ words: String...) throws -> Running.Result {
        try sandbox.start(["run", "--plugin-dir", sandbox.folder.path] + words).end()
    }

    /// Runs `in.txt` by lines through `test.clock`.
    private func times(_ input: [String], _ settings: String...) throws -> Running.Result {
        _ = try sandbox.file("in.txt", input.joined(separator: "\n") + "\n")
        return try sandbox.start(
            ["run", "--plugin-dir", sandbox.folder.path, "file.source", "path=in.txt", "as=line"]
                + settings + ["!", "test.clock", "!", "stdout"]
        ).end()
    }

    @Test func `a field has the time, in its unit or as a text`() throws {
        let values = [
            #"{"ts": 1767225600}"#, #"{"ts": 1767225600.25}"#, #"{"ts": -1}"#,
            #"{"ts": "2026-01-01T00:00:00Z"}"#, #"{"ts": "2025-12-31 23:00:00.5-01:00"}"#,
            #"{"ts": "2024-02-29T23:59:60.123456789012z"}"#,
        ]
        let seconds = try times(values, "event_time.field=ts", "event_time.unit=s")
        #expect(seconds.code == 0, "\(seconds.err)")
        #expect(
            seconds.lines.map { ClockPlugin.Line($0).time } == [
                1_767_225_600_000_000_000, 1_767_225_600_250_000_000, -1_000_000_000,
                1_767_225_600_000_000_000, 1_767_225_600_500_000_000,
                1_709_251_200_123_456_789,
            ])
        #expect(seconds.lines.map { ClockPlugin.Line($0).value } == values)
        for (unit, factor) in [("ms", 1_000_000), ("us", 1_000), ("ns", 1)] as [(String, Int64)] {
            let result = try times(
                [#"{"a": {"t": [0, 1767225600]}}"#], "event_time.field=a.t[1]",
                "event_time.unit=\(unit)")
            #expect(result.lines.map { ClockPlugin.Line($0).time } == [1_767_225_600 * factor])
        }
        let usual = try times([#"{"ts": 7}"#], "event_time.field=ts")
        #expect(usual.out == "{\"ts\": 7} 7000000 -\n")
    }

    @Test func `without it records have no time`() throws {
        #expect(try times([#"{"ts": 7}"#]).out == "{\"ts\": 7} - -\n")
    }

    @Test func `the watermark follows the newest record, less the delay, and covers none`() throws {
        let numbers = (0..<20_000).map { $0 % 7 == 0 ? $0 : $0 - $0 % 5 }
        let result = try times(
            numbers.map { "{\"n\": \($0)}" }, "event_time.field=n", "event_time.unit=s",
            "event_time.max_delay=10s")
        #expect(result.code == 0, "\(result.err)")
        let lines = result.lines.map(ClockPlugin.Line.init)
        try #require(lines.count == numbers.count)
        var newest: [Int64] = [.min]
        for number in numbers { newest.append(max(newest[newest.count - 1], Int64(number))) }
        let marks = Set(newest.dropFirst().map { ($0 - 10) * 1_000_000_000 })
        var before = Int64.min
        for (place, line) in lines.enumerated() {
            #expect(line.time == Int64(numbers[place]) * 1_000_000_000)
            guard let mark = line.watermark else { continue }
            // Of a call that came before, never of one that is still to come.
            #expect(marks.contains(mark) && mark >= before)
            #expect(mark <= (newest[place] - 10) * 1_000_000_000)
            before = mark
        }
        #expect(before > 10_000_000_000_000, "it stood still at \(before)")
    }

    private struct Letter: Decodable {
        var node: String
        var code: String
        var text: String
        var sequence: Int
        var value: String
        var time: Int64?
    }

    private static let faults: [(value: String, code: String, text: String)] = [
        (#"{"tt": 1}"#, "MR4003", "there is no `ts`"),
        (#"{"ts": null}"#, "MR4002", "`ts` is no time: null"),
        (#"{"ts": "yesterday"}"#, "MR4002", "`ts` is no time: \"yesterday\""),
        (#"{"ts": "2025-02-29T00:00:00Z"}"#, "MR4002", "`ts` is no time: \"2025-02-29T00:00:00Z\""),
        (#"{"ts": "2026-01-01T00:00:00"}"#, "MR4002", "`ts` is no time: \"2026-01-01T00:00:00\""),
        (#"{"ts": [1]}"#, "MR4002", "`ts` is no time: [1]"),
        (#"{"ts": 1e300}"#, "MR4002", "`ts` is no time that 64 bits of nanoseconds hold: 1e300"),
        (
            #"{"ts": "9999-01-01T00:00:00Z"}"#, "MR4002",
            "`ts` is no time that 64 bits of nanoseconds hold: \"9999-01-01T00:00:00Z\""
        ),
        (#"{"ts": }"#, "MR4001", "the value is no JSON: expected a value at byte 7"),
        (
            #"{"ts": 4102444800000}"#, "MR4302",
            "its time is further ahead of the clock than `max_future`"
        ),
    ]

    @Test func `a record without a time is refused, and its time counts for nothing`() throws {
        var input: [String] = []
        for (place, fault) in Self.faults.enumerated() {
            input += ["{\"ts\": \(place)}", fault.value]
        }
        _ = try sandbox.file("in.txt", input.joined(separator: "\n") + "\n")
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              in:
                use: file.source
                with: {path: in.txt, as: line}
                event_time: {field: ts}
              clock: {use: test.clock, from: in}
              out: {use: stdout, from: clock}
              dead: {use: file.sink, from: in.errors, with: {path: dead.txt}}
            """)
        let result = try run(file)
        #expect(result.code == 0, "\(result.err)")
        #expect(
            result.lines.map { ClockPlugin.Line($0).time }
                == Self.faults.indices.map { Int64($0) * 1_000_000 })
        #expect(
            result.lines.allSatisfy { (ClockPlugin.Line($0).watermark ?? 0) <= 9_000_000 })
        let letters = try String(decoding: sandbox.bytes("dead.txt"), as: UTF8.self)
            .split(separator: "\n").map {
                try JSONDecoder().decode(Letter.self, from: Data($0.utf8))
            }
        #expect(letters.map(\.value) == Self.faults.map(\.value))
        #expect(letters.map(\.code) == Self.faults.map(\.code))
        #expect(letters.map(\.text) == Self.faults.map(\.text))
        #expect(letters.map(\.sequence) == Self.faults.indices.map { 2 * $0 + 1 })
        #expect(letters.allSatisfy { $0.node == "in" && $0.time == nil })
    }

    @Test func `refused records are kept with the state, dropped, or end the run`() throws {
        let input = (0..<1_000).map { $0 % 10 == 3 ? "{}" : "{\"ts\": \($0)}" }
        _ = try sandbox.file("in.txt", input.joined(separator: "\n") + "\n")
        func go(_ reaction: String, _ flags: String...) throws -> Running.Result {
            try sandbox.start(
                ["run"] + flags + [
                    "file.source", "path=in.txt", "as=line", "event_time.field=ts",
                    "on_error=\(reaction)", "!", "file.sink", "path=\(reaction).txt",
                ]
            ).end()
        }
        let kept = try go("dead_letter", "--state-dir", "state")
        #expect(kept.code == 0 && kept.err.contains("  dead-lettered 100\n"), "\(kept.err)")
        let shown = try sandbox.run("dlq", "show", "state", "--limit", "1000", "-o", "json").json()
        let items = try #require(shown["items"] as? [[String: Any]])
        #expect(items.map { $0["sequence"] as? Int } == (0..<100).map { 10 * $0 + 3 })
        #expect(items.allSatisfy { $0["code"] as? String == "MR4003" })
        let dropped = try go("drop")
        #expect(dropped.code == 0 && dropped.err.contains("  dead-lettered 0\n"), "\(dropped.err)")
        let good = input.filter { $0 != "{}" }.joined(separator: "\n") + "\n"
        for name in ["dead_letter.txt", "drop.txt"] {
            #expect(try sandbox.bytes(name) == Data(good.utf8))
        }
        let failed = try go("fail")
        #expect(failed.code == 1)
        #expect(
            failed.err.contains("error MR4003  file_source: file.source")
                && failed.err.contains("refused record 3 of lane 0: there is no `ts`"),
            "\(failed.err)")
    }

    @Test func `chunks of lines are no records`() throws {
        let result = try sandbox.run(
            "run", "stdin", "event_time.field=ts", "on_error=fail", "!", "lines", "!", "stdout",
            input: "{\"ts\": 1}\n{\"ts\": 2}\n")
        #expect(result.code == 1)
        #expect(result.err.contains("MR4001") && result.err.contains("`as: line`"), "\(result.err)")
    }

    @Test func `a time in the header is the source's own`() throws {
        let result = try run(
            "generate", "count=1", "event_time.header=true", "on_error=fail", "!", "stdout")
        #expect(result.code == 1)
        #expect(
            result.err.contains("MR4003") && result.err.contains("the source gave it no time"),
            "\(result.err)")
        let given = try run(
            "generate", "count=3", "spacing=1500ms", "event_time.max_delay=1s", "!", "test.clock",
            "!", "stdout")
        #expect(given.out == "0 0 -\n1 1500000000 -\n2 3000000000 -\n", "\(given.err)")
        let images = try run(
            "generate", "count=2", "spacing=1s", "value=x", "!", "test.clock", "!", "stdout")
        #expect(images.out == "x 0 -\nx 1000000000 -\n", "\(images.err)")
    }
}
