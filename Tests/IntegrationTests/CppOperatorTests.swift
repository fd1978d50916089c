// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Operators in C++ in the real host, built by the compiler of the machine: what they throw is told
/// as what it is, and never ends a process.
@Suite struct CppOperatorTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    struct Fault: CustomTestStringConvertible, Sendable {
        var how: String
        var exit: Int32
        var says: String

        var testDescription: String { how }
    }

    static let faults = [
        Fault(how: "refuse", exit: 65, says: "error MR2110  o: these do not go together"),
        Fault(how: "throw in create", exit: 65, says: "error MR2110  o: thrown on demand"),
        Fault(how: "throw in start", exit: 1, says: "failed in start: thrown on demand"),
        Fault(how: "throw", exit: 1, says: "error MR4106  o: test.faults 1.0.0: thrown on demand"),
        Fault(how: "throw a number", exit: 1, says: "something was thrown that is no std::exc"),
        Fault(how: "throw no memory", exit: 1, says: "test.faults 1.0.0: out of memory"),
        Fault(how: "throw in stop", exit: 1, says: "test.faults 1.0.0: thrown on demand"),
        Fault(how: "bad", exit: 1, says: "refused record 0 of lane 0: it says so itself"),
    ]

    @Test func `what is thrown is told, and who threw it`() throws {
        try compile("Tests/ABITests/faults.cpp")
        for fault in Self.faults {
            let result = try sandbox.run(
                "run", "-q", "--plugin-dir", ".", "generate", "count=3", "value=bad", "!",
                "test.faults", "name=o", "how=\(fault.how)", "on_error=fail", "!", "null")
            #expect(result.code == fault.exit, "\(fault.how)")
            #expect(result.err.contains(fault.says), "\(fault.how): \(result.err)")
        }
    }

    @Test func `an operator reads lists, and forwards what it keeps`() throws {
        try compile("docs/examples/cpp/transform/sieve.cpp")
        let sieve = ["example.sieve", "words=[error, xy]"]
        func output(_ more: String...) throws -> String {
            let words = ["run", "-q", "--plugin-dir", ".", "stdin", "!", "lines", "!"] + sieve
            let running = try sandbox.start(words + more + ["!", "stdout"])
            running.write("abc\nxyz\nan error\n")
            return running.end().out
        }
        #expect(try output() == "xyz\nan error\n")
        #expect(try output("invert=true") == "abc\n")
    }

    /// Into the sandbox, as the README of a new operator does.
    private func compile(_ path: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            "c++", "-std=c++17", "-O1", "-I", root.path + "/include", "-fPIC", "-shared",
            root.path + "/" + path, "-o", sandbox.folder.path + "/operator.so",
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
    }
}
