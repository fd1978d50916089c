// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What an installation puts below `share`, used by the programs it is for.
@Suite struct ShareTests {
    private let sandbox: Sandbox
    private let share: String

    init() throws {
        sandbox = try Sandbox()
        share = sandbox.folder.path + "/share"
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("scripts/share")
        let made = try Running(
            script, [try Sandbox.program.path, share], in: sandbox.folder, [:]
        ).end()
        try #require(made.code == 0, "\(made.err)")
    }

    private func bash(_ text: String) throws -> Running.Result {
        try Running(URL(fileURLWithPath: "/bin/bash"), ["-c", text], in: sandbox.folder, [:]).end()
    }

    /// What bash offers for the last of the words. They are as bash breaks them: at `=`, too.
    private func offers(_ words: String...) throws -> [String] {
        let quoted = ([try Sandbox.program.path] + words).map { "'\($0)'" }
        let result = try bash(
            """
            source '\(share)/bash-completion/completions/millrace'
            COMP_WORDS=(\(quoted.joined(separator: " ")))
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
            COMP_POINT=${#COMP_LINE}
            _millrace_settings "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" \
              "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """)
        #expect(result.code == 0, "\(result.err)")
        return result.lines.map(String.init)
    }

    @Test func `bash completes commands, flags and their values`() throws {
        #expect(try offers("ex") == ["explain"])
        #expect(try offers("run", "--fo") == ["--for"])
        #expect(try offers("check", "-o", "s") == ["sarif"])
        #expect(try offers("show", "-o", "") == ["yaml", "json", "text", "dot", "mermaid"])
        #expect(try offers("plugin", "unq") == ["unquarantine"])
        #expect(try !offers("").contains { ["executor", "probe"].contains($0) })
    }

    @Test func `bash completes a one-liner word by word`() throws {
        _ = try sandbox.file("job.yaml", "")
        _ = try sandbox.file("notes.txt", "")
        let first = try offers("run", "")
        #expect(first.contains("generate") && first.contains("job.yaml"))
        #expect(!first.contains("stdout") && !first.contains("notes.txt"))
        #expect(try offers("run", "generate", "cou") == ["count="])
        #expect(try offers("run", "generate", "spread", "=", "z") == ["zipf"])
        let behind = try offers("run", "generate", "count", "=", "5", "")
        #expect(behind.contains("!") && behind.contains("rate=") && !behind.contains("count="))
        #expect(try offers("run", "generate", "!", "std") == ["stdout"])
        #expect(try offers("run", "generate", "name", "=", "n", "!", "null", "@") == ["@n"])
        #expect(try offers("run", "nonsense", "").isEmpty)
    }

    @Test func `bash completes what can be explained`() throws {
        #expect(try offers("explain", "MR210").contains("MR2104"))
        #expect(
            try offers("explain", "nodes.watchdog.") == [
                "nodes.watchdog.hard", "nodes.watchdog.soft",
            ])
        #expect(try offers("explain", "--list", "var") == ["variables"])
    }

    @Test func `all scripts of shells that are here can be read by them`() throws {
        let files = [
            "bash": "bash-completion/completions/millrace", "zsh": "zsh/site-functions/_millrace",
            "fish": "fish/vendor_completions.d/millrace.fish",
        ]
        for (shell, file) in files {
            let result = try bash(
                "test -s '\(share)/\(file)' && { ! command -v \(shell) || "
                    + "\(shell) -n '\(share)/\(file)'; }")
            #expect(result.code == 0, "\(shell): \(result.err)")
        }
    }

    @Test func `each command has a manual page, and groff reads it without a warning`() throws {
        let list = try sandbox.run("explain", "--list", "commands", "-o", "json").json()
        let items = try #require(list["items"] as? [[String: Any]])
        let names = items.compactMap { $0["name"] as? String }.map {
            "millrace-" + $0.replacingOccurrences(of: " ", with: "-")
        }
        #expect(names.count > 6)
        for name in names + ["millrace"] {
            let page = "\(share)/man/man1/\(name).1"
            let text = try String(contentsOfFile: page, encoding: .utf8)
            for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT"] {
                #expect(text.contains("\n.SH \(heading)\n"), "\(name): \(heading)")
            }
            #expect(text.utf8.allSatisfy { $0 < 128 }, "\(name)")
            let read = try bash(
                "! command -v groff > /dev/null || groff -man -ww -z '\(page)'")
            #expect(read.err.isEmpty && read.code == 0, "\(read.err)")
        }
        let run = try String(contentsOfFile: "\(share)/man/man1/millrace-run.1", encoding: .utf8)
        #expect(run.contains("\\fB\\-\\-drain\\-timeout\\fR \\fIDURATION\\fR\n"))
        #expect(run.contains(".TP\n\\fB74\\fR\nreading or writing failed\n"))
    }
}
