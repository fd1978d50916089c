// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a supervisor does about an executor, and an executor about its supervisor, as processes.
@Suite struct SupervisionTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func live(_ words: String...) throws -> Running {
        let running = try sandbox.start(["run"] + words)
        _ = try running.waitForError("watch:")
        return running
    }

    /// A run whose operator hangs, once it does.
    private func hanging(_ words: String...) throws -> Running {
        let running = try sandbox.start(
            ["run", "generate", "count=10", "!", "fail", "how=hang", "!", "null"] + words)
        _ = try running.waitForError("process has not returned for 1 s")
        return running
    }

    @Test func `a killed executor is told from a crashed one`() throws {
        let running = try live(sandbox.withoutState())
        kill(try #require(try running.executor()), SIGKILL)
        let result = running.end()
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4107") && result.err.contains("SIGKILL"))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a second signal ends even a run that hangs`(signal: Int32) throws {
        let running = try hanging()
        running.signal(signal)
        _ = try running.waitForError("draining: interrupted by a signal")
        running.signal(signal)
        let result = running.end()
        #expect(result.code == 128 + signal)
        #expect(result.err.contains("error MR4202  ended by a second signal"))
    }

    @Test func `a drain that takes too long ends with 75 and names who is at work`() throws {
        let running = try hanging("--drain-timeout", "500ms")
        running.signal(SIGTERM)
        let result = running.end()
        #expect(result.code == 75)
        #expect(result.err.contains("error MR4202  "))
        #expect(result.err.contains("not drained after 0.5 s") && result.err.contains("fail"))
    }

    @Test func `an executor dies with its supervisor, even in a call that never returns`() throws {
        // It has our pipe as its standard error: the end comes only when both of them are gone.
        let running = try hanging()
        let pid = try #require(try running.executor())
        #expect(kill(pid, 0) == 0)
        running.signal(SIGKILL)
        #expect(running.end().code == -SIGKILL)
    }
}
