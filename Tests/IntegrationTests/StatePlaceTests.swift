// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Folders that a run is given by mistake: what lies in them stays as it is.
@Suite struct StatePlaceTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private static let line = ["generate", "rate=1k/s", "keys=4", "!", "count", "!", "null"]

    private func content(_ folder: String) throws -> String {
        try sandbox.shell("cd \(folder) && find . -type f | sort | xargs -r md5sum; find . | sort")
    }

    private func begin(_ words: String...) throws -> (running: Running, job: String) {
        let running = try sandbox.start(["run"] + words + Self.line)
        let text = try running.waitForError("watch: millrace top run-")
        return (running, String(try #require(text.split { $0 == " " || $0 == "\n" }.last)))
    }

    @Test func `a savepoint is no state directory, and none may be put into one`() throws {
        let (running, job) = try begin("--state-dir", "state")
        for folder in ["state/inner", "state/log/x", "./state/../state/manifests/x", "state"] {
            let result = try sandbox.run("savepoint", "create", job, "--to", folder)
            #expect(result.code == 64, "\(result.err)")
            #expect(result.err.contains("in the state directory of the run"), "\(result.err)")
        }
        let stop = try sandbox.run("stop", job, "--savepoint", "state/x")
        #expect(stop.code == 64 && stop.err.contains("name a folder outside of"), "\(stop.err)")
        #expect(try sandbox.run("savepoint", "create", job, "--to", "sp").code == 0)
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
        let before = try content("sp")
        for words in [["--from", "sp"], []] {
            let result = try sandbox.start(
                ["run", "--state-dir", "sp", "--limit", "1"] + words + Self.line
            ).end()
            #expect(result.code == 64, "\(result.err)")
            #expect(result.err.contains("/sp is a savepoint, and a run would"), "\(result.err)")
        }
        #expect(try content("sp") == before)
        #expect(try sandbox.run("savepoint", "show", "sp").code == 0)
    }

    @Test func `folders of something else are not taken for those of a job`() throws {
        try sandbox.shell(
            """
            mkdir -p a/state b/log c/dlq/pending c/log
            echo x > a/state/film.part
            echo x > b/log/1
            """)
        for (folder, name) in [("a", "state"), ("b", "log")] {
            let before = try content(folder)
            let result = try sandbox.start(
                ["run", "--state-dir", folder, "--limit", "1"] + Self.line
            ).end()
            #expect(result.code == 64, "\(result.err)")
            let told = "/\(folder) has a folder `\(name)` already"
            #expect(result.err.contains(told), "\(result.err)")
            #expect(try content(folder) == before)
        }
        // Made by a run that was killed before it had the lock; and one whose lock was lost.
        for folder in ["c", "c"] {
            try sandbox.shell("rm -f c/lock")
            let result = try sandbox.start(
                ["run", "--state-dir", folder, "--for", "100ms"] + Self.line
            ).end()
            #expect(result.code == 0, "\(result.err)")
        }
    }

    @Test func `an option without a folder does not mean the working folder`() throws {
        for words in [
            ["run", "--state-dir", ""] + Self.line, ["run", "--from", ""] + Self.line,
            ["savepoint", "show", ""], ["savepoint", "create", "run-0000", "--to", ""],
            ["stop", "run-0000", "--savepoint", ""],
        ] {
            let result = try sandbox.start(words).end()
            #expect(result.code == 64, "\(words) \(result.err)")
            #expect(result.err.contains("expected a folder, found nothing"), "\(result.err)")
        }
        #expect(try sandbox.shell("ls -d log state lock 2>/dev/null").isEmpty)
    }

    @Test func `a limit on the size of files is told as a failure`() throws {
        let program = try Sandbox.program.path
        let told = try sandbox.shell(
            """
            export XDG_RUNTIME_DIR=$PWD
            ulimit -f 2
            env --default-signal=XFSZ \(program) run --state-dir state generate count=9 ! null 2>&1
            echo $?
            """)
        #expect(told.contains("error MR") && told.contains("File too large"), "\(told)")
        #expect(Int(told.split(separator: "\n").last ?? "").map { $0 < 128 } == true, "\(told)")
    }
}
