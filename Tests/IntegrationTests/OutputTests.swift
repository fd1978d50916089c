// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Where output goes, in which colours, and what happens when it cannot go there.
@Suite struct OutputTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func bash(_ text: String, _ variables: [String: String] = [:]) throws -> Running.Result
    {
        let script = text.replacingOccurrences(
            of: "millrace ", with: "'\(try Sandbox.program.path)' ")
        return try Running(
            URL(fileURLWithPath: "/bin/bash"), ["-c", script], in: sandbox.folder, variables
        ).end()
    }

    /// What the program writes to a terminal of its own, standard error included.
    private func terminal(
        _ words: [String], _ variables: [String: String] = [:]
    ) throws -> String {
        let script = """
            import os, pty, sys
            chunks = []
            def read(descriptor):
                chunk = os.read(descriptor, 65536)
                chunks.append(chunk)
                return b""
            status = pty.spawn(sys.argv[1:], read)
            sys.stdout.buffer.write(b"".join(chunks))
            sys.exit(os.waitstatus_to_exitcode(status))
            """
        var all = ["TERM": "xterm", "NO_COLOR": ""]
        all.merge(variables) { $1 }
        let result = try Running(
            URL(fileURLWithPath: "/usr/bin/env"),
            ["python3", "-c", script, try Sandbox.program.path] + words, in: sandbox.folder, all
        ).end()
        return result.out
    }

    private static let escape = "\u{1B}["

    @Test func `a terminal gets colours, and nothing else does`() throws {
        let words = ["explain", "MR2104"]
        let coloured = try terminal(words)
        #expect(coloured.hasPrefix("\u{1B}[1mMR2104 unknown parameter\u{1B}[0m\r\n"))
        #expect(try !terminal(words, ["NO_COLOR": "1"]).contains(Self.escape))
        #expect(try !terminal(words, ["TERM": "dumb"]).contains(Self.escape))
        #expect(try !terminal(words + ["--color", "never"]).contains(Self.escape))
        let piped = try sandbox.start(words).end()
        #expect(!piped.out.contains(Self.escape))
        let forced = try sandbox.start(words, variables: ["CLICOLOR_FORCE": "1"]).end()
        #expect(forced.out.contains(Self.escape))
        let always = try sandbox.start(
            words + ["--color", "always"], variables: ["NO_COLOR": "1"]
        ).end()
        #expect(always.out.contains(Self.escape))
    }

    @Test func `findings and failures are coloured where they go`() throws {
        _ = try sandbox.file("broken.yaml", "millrace: 1\nnodes: 5\n")
        let check = try terminal(["check", "broken.yaml"])
        #expect(check.contains("\u{1B}[31;1merror\u{1B}[0m MR"))
        let failure = try terminal(["explain", "nothing-of-the-kind"])
        #expect(failure.contains("\u{1B}[31;1merror\u{1B}[0m MR1005"))
    }

    @Test(arguments: [
        "explain", "explain MR2104 -o json", "--help", "--version", "ps -o json", "plugin list",
        "--generate-completion-script bash", "show generate ! null",
        "run -q -o json generate count=1 ! null",
    ])
    func `a full disk behind standard output ends with 74 and a word`(_ words: String) throws {
        let full = try bash("millrace \(words) > /dev/full")
        #expect(full.code == 74)
        #expect(full.err.contains("error MR5303  standard output: No space left on device\n"))
        let closed = try bash("millrace \(words) >&-")
        #expect(closed.code == 74)
        #expect(closed.err.contains("error MR5303  standard output: Bad file descriptor\n"))
    }

    @Test func `a reader that has enough ends the command as a signal would, without a word`()
        throws
    {
        let result = try bash(
            "millrace explain --list keys -o markdown | true; echo ${PIPESTATUS[0]}")
        #expect(["0\n", "141\n"].contains(result.out))
        #expect(result.err.isEmpty)
        let late = try bash(
            "exec 3> >(exec true); wait $!; millrace explain --list keys >&3; echo $?")
        #expect(late.out == "141\n" && late.err.isEmpty)
    }

    @Test func `without any descriptor the command still ends as it should`() throws {
        #expect(try bash("millrace explain MR2104 <&- >&- 2>&-").code == 74)
        #expect(try bash("millrace nonsense <&- >&- 2>&-").code == 64)
    }

    @Test func `words that are no text are refused`() throws {
        let result = try bash("millrace check $'a\\xff.yaml'")
        #expect(result.code == 64)
        #expect(result.err.hasPrefix("error MR1003  word 2 of the command line is no UTF-8 text\n"))
        // The replacement itself is a letter like others.
        #expect(try sandbox.run("check", "a\u{FFFD}.yaml").code == 66)
    }

    @Test(
        arguments: [
            (["chekc"], "there is no command chekc\n   did you mean `check`?\n"),
            (["help", "staus"], "there is no command staus\n   did you mean `status`?\n"),
            (["plugin", "lst"], "there is no command plugin lst\n   did you mean `list`?\n"),
            (["new", "zzz"], "there is no command new zzz\n   millrace new --help lists them\n"),
            (["zzz"], "there is no command zzz\n   millrace --help lists the commands\n"),
            (
                ["run", "--limt", "5", "generate"],
                "unknown option '--limt'. Did you mean '--limit'?\n"
                    + "   millrace run --help says what it takes\n"
            ),
            (
                ["plugin", "list", "-o", "dot"],
                "the value 'dot' is invalid for '-o <format>'. Please provide one of 'text' and "
                    + "'json'\n   millrace plugin list --help says what it takes\n"
            ),
        ] as [([String], String)])
    func `a slip of the finger is answered with what was meant`(
        _ words: [String], _ text: String
    ) throws {
        let result = try sandbox.start(words).end()
        #expect(result.code == 64)
        #expect(result.out.isEmpty)
        #expect(result.err == "error MR1003  " + text)
    }

    @Test func `quiet leaves results, verbose adds to them`() throws {
        let path = try sandbox.file(
            "a.yaml",
            "millrace: 1\nnodes:\n  a: {use: generate}\n  b: {use: file.sink, with: "
                + "{path: b.txt}, from: a}\n")
        #expect(try sandbox.run("check", path).err == "no findings\n")
        #expect(try sandbox.run("check", "-q", path).err.isEmpty)
        #expect(try sandbox.run("plugin", "list", "-v").out.contains("searched, in this order:"))
    }
}
