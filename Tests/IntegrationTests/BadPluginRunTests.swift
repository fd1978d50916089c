// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a run says about an operator that breaks its contract or its process, and that the command
/// outlives it. The operators are those of `Tests/BadPlugins`, built once by the compiler of the
/// machine. What is wrong with a library before it runs is tested with the host.
@Suite struct BadPluginRunTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// A plugin, the code it ends with, and what the message has to name.
    struct Fault: CustomTestStringConvertible, Sendable {
        var name: String
        var code: String
        var says: String

        var testDescription: String { name }
    }

    static let faults = [
        Fault(name: "crash_in_load", code: "MR4101", says: "SIGSEGV"),
        Fault(name: "crash_in_create", code: "MR4101", says: "crashed in create: SIGSEGV"),
        Fault(name: "create_fails_silently", code: "MR2110", says: "without a text"),
        Fault(name: "overrun", code: "MR3301", says: "past the window"),
        Fault(name: "index_overrun", code: "MR3301", says: "past the window"),
        Fault(name: "window_backwards", code: "MR3301", says: "past the window"),
        Fault(name: "consumed_too_large", code: "MR3301", says: "consumed more records"),
        Fault(name: "bad_too_large", code: "MR3301", says: "more records than it was given"),
        Fault(name: "unknown_status", code: "MR3303", says: "status 77"),
        Fault(name: "returns_again_not_resumable", code: "MR3303", says: "MR_AGAIN"),
        Fault(name: "unknown_error", code: "MR4106", says: "-77"),
        Fault(name: "calls_exit", code: "MR4107", says: "exit(0)"),
        Fault(name: "segv", code: "MR4101", says: "SIGSEGV at 0x10"),
        Fault(name: "abort", code: "MR4101", says: "SIGABRT"),
        Fault(name: "ill", code: "MR4101", says: "SIGILL"),
        Fault(name: "fpe", code: "MR4101", says: "SIGFPE"),
        Fault(name: "stack_overflow", code: "MR4101", says: "SIGSEGV"),
        Fault(name: "throws", code: "MR4101", says: "SIGABRT"),
    ]

    @Test(arguments: faults)
    func `a run ends with the culprit's name and code`(_ fault: Fault) throws {
        // Shown by the bad operator between two good ones: neither of these may be blamed.
        let result = try run(fault.name, "count=20000", "keys=10")
        #expect(result.code != 0)
        #expect(result.code < 128 && result.code > 0, "the command died with its executor")
        #expect(result.err.contains("error \(fault.code)"), "\(result.err)")
        #expect(result.err.contains("bad_\(fault.name)"), "\(result.err)")
        #expect(result.err.contains(fault.says), "\(result.err)")
    }

    @Test func `a library that cannot be used says why`() throws {
        let result = try run("load_fails", "count=10")
        #expect(result.code == 65)
        #expect(result.err.contains("error MR3011"), "\(result.err)")
        #expect(result.err.contains("the licence server does not answer"), "\(result.err)")
    }

    @Test func `a thread that a plugin started is traced back to it`() throws {
        let result = try run("starts_threads", "rate=1k/s")
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4101"), "\(result.err)")
        #expect(result.err.contains("starts_threads.so"), "\(result.err)")
    }

    @Test func `one that never returns ends with its watchdog`() throws {
        let result = try run("never_returns", "count=10")
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4102"), "\(result.err)")
        #expect(result.err.contains("bad_never_returns#0"), "\(result.err)")
    }

    @Test func `one that keeps what it was lent harms nobody`() throws {
        let result = try run("keeps_batch", "count=200000")
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("in 200 000  out 200 000"), "\(result.err)")
    }

    private func run(_ name: String, _ parameters: String...) throws -> Running.Result {
        let words =
            ["run", "--plugin-dir", try BadPlugins.folder(), "generate"] + parameters
            + ["!", "bad.\(name)", "!", "null"]
        return try sandbox.start(words).end()
    }
}
