// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import millrace

@Suite struct TextTests {
    @Test func `numbers stand to the right and no line ends in spaces`() {
        var table = TextTable([("NODE", .left), ("IN/S", .right), ("NOTE", .left)])
        table.add(["a", "12.4k", ""])
        table.add(["longer", "7", "x"])
        #expect(table.lines == ["NODE     IN/S  NOTE", "a       12.4k", "longer      7  x"])
    }

    @Test(
        arguments: [
            (.auto, [:], true, true), (.auto, [:], false, false),
            (.auto, ["NO_COLOR": "1"], true, false), (.auto, ["NO_COLOR": ""], true, true),
            (.auto, ["CLICOLOR_FORCE": "1"], false, true),
            (.auto, ["CLICOLOR_FORCE": "0"], false, false),
            (.auto, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], true, false),
            (.always, ["NO_COLOR": "1"], false, true),
            (.never, ["CLICOLOR_FORCE": "1"], true, false),
        ] as [(Output.Colour, [String: String], Bool, Bool)])
    func `the flag wins, then NO_COLOR, then CLICOLOR_FORCE, then the terminal`(
        _ wish: Output.Colour, _ variables: [String: String], _ terminal: Bool, _ expected: Bool
    ) {
        #expect(Output.colours(wish, variables, terminal: terminal) == expected)
    }

    @Test func `spans take units and nothing else`() {
        #expect(Span(argument: "1h30m")?.nanoseconds == 5_400_000_000_000)
        #expect(Span(argument: "250ms")?.nanoseconds == 250_000_000)
        #expect(Span(argument: "10") == nil)
        #expect(Span(argument: "soon") == nil)
        #expect(SpanOrOff(argument: "off") == .off)
        #expect(SpanOrOff(argument: "0s") == nil)
        #expect(SpanOrOff(argument: "2s") == .span(Span(nanoseconds: 2_000_000_000)))
    }
}

@Suite struct TargetTests {
    @Test func `a target is a job, a node or a task`() throws {
        let job = try Target("run-7f3a")
        #expect(job.job == "run-7f3a" && job.node == nil && job.task == nil)
        let node = try Target("orders/score")
        #expect(node.job == "orders" && node.node == "score" && node.task == nil)
        let task = try Target("orders/score#2")
        #expect(task.job == "orders" && task.node == "score" && task.task == 2)
    }

    @Test(arguments: ["", "/score", "a/", "a/b/c", "a/b#", "a/b#x", "a/b#-1", "a/b#1#2", "a/#1"])
    func `anything else is a usage error`(_ text: String) {
        let failure = #expect(throws: Failure.self) { try Target(text) }
        #expect(failure?.code == .usage)
        #expect(failure?.code.exitCode == 64)
    }
}
