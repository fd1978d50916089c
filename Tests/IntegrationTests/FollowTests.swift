// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `file.source follow=true` beside a writer that really writes. A line comes out before the next
/// step is taken, so nothing depends on how fast anybody is.
@Suite struct FollowTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func follow(_ path: String, rescan: String = "1d") throws -> Running {
        let running = try sandbox.start([
            "run", "file.source", "path=\(path)", "as=line", "follow=true", "rescan=\(rescan)",
            "!", "stdout",
        ])
        _ = try running.waitForError("watch: millrace top")
        return running
    }

    /// Opens a file as a logger does: to append.
    private func writer(_ name: String) throws -> FileHandle {
        let file = open(path(name), O_WRONLY | O_CREAT | O_APPEND, 0o644)
        try #require(file >= 0)
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    private func path(_ name: String) -> String {
        sandbox.folder.appendingPathComponent(name).path
    }

    private func rename(_ old: String, _ new: String) throws {
        try FileManager.default.moveItem(atPath: path(old), toPath: path(new))
    }

    /// Ends the run as a terminal does; nothing may be left to wait for.
    private func interrupt(_ running: Running) -> Running.Result {
        let start = Date()
        running.signal(SIGINT)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(Date().timeIntervalSince(start) < 10)
        return result
    }

    @Test func `a file that is renamed is read to its end before the new one`() throws {
        var log = try writer("app.log")
        log.write(Data("0\n".utf8))
        let running = try follow("app.log")
        _ = try running.waitForOutput("0\n")
        var number = 0
        func write(_ count: Int) {
            for _ in 0..<count {
                number += 1
                log.write(Data("\(number)\n".utf8))
            }
        }
        for rotation in 0..<10 {
            write(500)
            try rename("app.log", "app.log.\(rotation)")
            write(100)  // the writer still has the old file
            let new = try writer("app.log")
            write(100)  // and has it while the new one is there already, but empty
            log = new
            write(1)
            _ = try running.waitForOutput("\n\(number)\n")
        }
        let result = interrupt(running)
        #expect(result.lines.compactMap { Int($0) } == Array(0...number))
    }

    @Test func `a pattern that names old and new files reads each once`() throws {
        var log = try writer("app.log")
        log.write(Data("0\n".utf8))
        let running = try follow("app.log*")
        _ = try running.waitForOutput("0\n")
        for number in 1...20 {
            log.write(Data("old \(number)\n".utf8))
            try rename("app.log", "app.log.\(number)")
            log = try writer("app.log")
            log.write(Data("\(number)\n".utf8))
            _ = try running.waitForOutput("\n\(number)\n")
        }
        let expected = ["0"] + (1...20).flatMap { ["old \($0)", "\($0)"] }
        #expect(interrupt(running).lines.map(String.init) == expected)
    }

    @Test func `a file that is emptied is read from its beginning`() throws {
        let log = try writer("app.log")
        log.write(Data("first\nheld".utf8))
        let running = try follow("app.log")
        _ = try running.waitForOutput("first\n")
        truncate(path("app.log"), 0)
        // Longer than what was there: only the beginning tells that it is another text.
        log.write(Data("second, longer than the first\n".utf8))
        _ = try running.waitForOutput("second, longer than the first\n")
        truncate(path("app.log"), 0)
        log.write(Data("3\n".utf8))
        _ = try running.waitForOutput("\n3\n")
        // A line without an end is whole when nothing can follow it any more.
        #expect(
            interrupt(running).lines
                == ["first", "held", "second, longer than the first", "3"])
    }

    @Test func `files that come later are found, in new folders too`() throws {
        try sandbox.shell("mkdir -p logs/a; printf '1\\n' > logs/a/x.log")
        let running = try follow("logs/*/*.log")
        _ = try running.waitForOutput("1\n")
        try sandbox.shell("printf '2\\n' > logs/a/y.log")
        _ = try running.waitForOutput("2\n")
        try sandbox.shell("mkdir logs/b; printf '3\\n' > logs/b/x.log")
        _ = try running.waitForOutput("3\n")
        try sandbox.shell("printf '4\\n' >> logs/b/x.log; rm logs/a/*")
        _ = try running.waitForOutput("4\n")
        try sandbox.shell("printf '5\\n' > logs/a/x.log")
        _ = try running.waitForOutput("5\n")
        #expect(interrupt(running).lines == ["1", "2", "3", "4", "5"])
    }

    @Test func `a file may come late, and a line in pieces`() throws {
        let running = try follow("late.log")
        let log = try writer("late.log")
        log.write(Data("one\ntw".utf8))
        _ = try running.waitForOutput("one\n")
        log.write(Data("o\n".utf8))
        _ = try running.waitForOutput("two\n")
        #expect(interrupt(running).out == "one\ntwo\n")
    }

    @Test func `a compressed file that grows is read as far as it goes`() throws {
        func member(_ text: String) throws -> Data {
            _ = try sandbox.file("piece", text)
            try sandbox.shell("gzip -c piece > piece.gz")
            return try sandbox.bytes("piece.gz")
        }
        let log = try writer("app.gz")
        log.write(try member("one\n"))
        let running = try follow("app.gz")
        _ = try running.waitForOutput("one\n")
        let second = try member("two\n")
        log.write(second.prefix(15))
        log.write(second.dropFirst(15))
        _ = try running.waitForOutput("two\n")
        #expect(interrupt(running).out == "one\ntwo\n")
    }

    @Test func `the timer finds what no notice tells of`() throws {
        // A link that is turned to another file: nothing happens to a file that is watched, and
        // nothing in its folder.
        try sandbox.shell("mkdir far; printf 'one\\n' > far/a; ln -s far/a app.log")
        let running = try follow("app.log", rescan: "50ms")
        _ = try running.waitForOutput("one\n")
        try sandbox.shell("mv far/a far/old; printf 'two\\n' > far/a")
        _ = try running.waitForOutput("two\n")
        #expect(interrupt(running).out == "one\ntwo\n")
    }

    @Test func `what cannot be followed is refused`() throws {
        try sandbox.shell("mkfifo pipe; mkdir folder; : > file")
        let wrong = [
            ["path=pipe"], ["path=folder"], ["path=file", "as=whole"],
            ["path=file", "parallelism=2"],
        ]
        for words in wrong {
            let result = try sandbox.start(
                ["run", "file.source", "follow=true"] + words + ["!", "null"]
            ).end()
            #expect(result.code == 65, "\(words): \(result.err)")
        }
    }
}
