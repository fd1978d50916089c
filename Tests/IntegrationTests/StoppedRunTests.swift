// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Commands about a run that lives and says nothing, and about parts of it that are not there.
@Suite struct StoppedRunTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func `a run that does not answer is not waited for, and not left out`() throws {
        let (running, job) = try sandbox.begin("generate", "rate=1k/s", "!", "null")
        let tap = try sandbox.start(["tap", "\(job)/generate", "--rate", "1"])
        _ = try tap.waitForOutput("\n")
        running.signal(SIGSTOP)
        defer { running.signal(SIGCONT) }
        let cut = tap.end()
        #expect(cut.code == 69, "\(cut.err)")
        #expect(cut.err.contains("error MR7002  \(job) does not answer"), "\(cut.err)")
        let late = try sandbox.run("tap", "\(job)/generate")
        #expect(late.code == 69 && late.err.contains("error MR7002  \(job) does"), "\(late.err)")
        let list = try sandbox.run("ps")
        #expect(list.code == 0 && list.err == "\(job) does not answer\n", "\(list.err)")
        let named = try sandbox.run("stop", "orders")
        #expect(named.code == 69, "\(named.err)")
        #expect(
            named.err.contains("MR7002  no run that answers is called orders; \(job) does not"),
            "\(named.err)")
        running.signal(SIGCONT)
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }

    @Test func `logs of a node or task that is not there are told`() throws {
        let (running, job) = try sandbox.begin("generate", "rate=1k/s", "!", "null")
        #expect(try sandbox.run("logs", "\(job)/null#0").code == 0)
        for target in ["nul", "null#1"] {
            let result = try sandbox.run("logs", "\(job)/\(target)")
            #expect(result.code == 69 && result.err.contains("error MR7004"), "\(result.err)")
        }
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }
}
