// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `top` on a real terminal. Terminals are made, resized and read by Tests/TerminalTests, in
/// Python, because a process has to be started with the terminal as its own.
@Suite struct TopTerminalTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test(arguments: [
        "keys", "resize", "small", "interrupt", "crash", "suspend", "stopped_from_outside",
        "run_ends",
        "run_killed", "run_stuck", "several", "no_colour", "hangup", "dumb",
    ])
    func `top on a terminal`(_ scenario: String) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("TerminalTests/top.py")
        let python = try Running(
            URL(fileURLWithPath: "/usr/bin/env"),
            [
                "python3", "-B", script.path, scenario, try Sandbox.program.path,
                sandbox.folder.path,
            ],
            in: sandbox.folder, [:])
        let result = python.end()
        #expect(result.code == 0, "\(result.out)\(result.err)")
    }

    @Test func `without a terminal a table comes every interval`() throws {
        let run = try sandbox.start(["run", "generate", "rate=1k/s", "!", "pass", "!", "null"])
        let text = try run.waitForError("watch:")
        let job = String(try #require(text.split(separator: " ").last).prefix(8))
        let top = try sandbox.start(["top", job, "--interval", "100ms", "--sort", "node"])
        let json = try sandbox.start(["top", "-o", "json", "--interval", "100ms"])
        let more = try sandbox.start(["top", "-o", "json", "--interval", "100ms", job])
        try top.waitForOutput("NODE", times: 3)
        try json.waitForOutput("\"items\"", times: 3)
        try more.waitForOutput("\"state\"", times: 3)
        json.signal(SIGTERM)
        run.signal(SIGTERM)
        let tables = top.end()
        #expect(tables.code == 0)
        #expect(tables.err == "\(job) is over\n")
        #expect(!tables.out.contains("\u{1B}"))
        let first = tables.out.components(separatedBy: "\n\n")[0].split(separator: "\n")
        #expect(first[0].hasPrefix("\(job)  "))
        #expect(
            first.suffix(3).map { $0.prefix { $0 != " " } } == ["generate", "null", "pass"])
        for line in json.end().lines.dropLast() {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let items = try #require((object as? [String: Any])?["items"] as? [[String: Any]])
            #expect(items.count <= 1 && items.allSatisfy { $0["job"] as? String == job })
        }
        #expect(try more.end().json()["job"] as? String == job)
        #expect(run.end().code == 0)
    }

    @Test(arguments: [
        ["top", "run-0000"], ["top", "--interval", "1ms"], ["top", "--interval", "2h"],
        ["top", "--sort", "size"],
    ])
    func `what makes no sense is refused`(_ words: [String]) throws {
        let result = try sandbox.start(words).end()
        #expect(result.code == 64)
        #expect(result.out.isEmpty)
    }
}
