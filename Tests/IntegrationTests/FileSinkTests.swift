// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `file.sink` and `stdout`: what is on the disk afterwards, also when it is full.
@Suite struct FileSinkTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private static let text = (0..<60_000).map { "line \($0 &* 7919 % 1_000_003)\n" }.joined()

    /// Names of the files in a folder, hidden ones too, sorted.
    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: sandbox.folder.appendingPathComponent(folder).path
        ).sorted()
    }

    private func write(_ words: String...) throws {
        let result = try sandbox.start(
            ["run", "-q", "file.source", "path=in", "as=line", "!", "file.sink"] + words
        ).end()
        #expect(result.code == 0, "\(result.err)")
    }

    @Test(arguments: [("none", "cat"), ("gzip", "gzip -dc"), ("zstd", "zstd -qdc")])
    func `parts hold all records in order, none is larger than asked for`(
        _ compression: String, _ tool: String
    ) throws {
        _ = try sandbox.file("in", Self.text)
        try write("path=a/b/out.txt", "roll_size=40KiB", "compression=\(compression)")
        let names = try files("a/b")
        #expect(names.count > 1)
        #expect(names == names.indices.map { "out-\(String(100_000 + $0).dropFirst()).txt" })
        #expect(try sandbox.shell("cat a/b/* | \(tool)") == Self.text)
        for name in names where compression == "none" {
            let part = try sandbox.bytes("a/b/\(name)")
            #expect(part.count <= 40 << 10)
            #expect(part.last == 10)
        }
    }

    @Test func `a second run adds parts and touches none`() throws {
        _ = try sandbox.file("in", "one\n")
        try sandbox.shell("mkdir out; echo old > out/x-00006.txt; echo old > out/.x-00008.txt.part")
        try write("path=out/x.txt", "roll_size=1MiB")
        #expect(try files("out") == [".x-00008.txt.part", "x-00006.txt", "x-00009.txt"])
        #expect(try sandbox.shell("cat out/*") == "old\none\n")
    }

    @Test func `a path with a time is written in parts of that time`() throws {
        _ = try sandbox.file("in", "one\n")
        let before = try sandbox.shell("date -u +%Y/%j")
        try write("path=out/%Y/%j/100%%.txt")
        let after = try sandbox.shell("date -u +%Y/%j")
        let found = try sandbox.shell("cd out; find . -type f")
        let expected = [before, after].map {
            "./\($0.trimmingCharacters(in: .newlines))/100%-00000.txt\n"
        }
        #expect(expected.contains(found), "\(found)")
    }

    @Test func `a part is complete in time while no records come`() throws {
        let running = try sandbox.start([
            "run", "stdin", "!", "lines", "!", "file.sink", "path=out/x.txt", "roll_every=300ms",
        ])
        let input = running.inputHandle
        func appeared(_ name: String) throws {
            try sandbox.shell("for i in {1..3000}; do [ -e \(name) ] && break; sleep 0.02; done")
        }
        input.write(Data("one\n".utf8))
        try appeared("out/x-00000.txt")
        #expect(try sandbox.bytes("out/x-00000.txt") == Data("one\n".utf8))
        input.write(Data("two\n".utf8))
        try appeared("out/x-00001.txt")
        try input.close()
        #expect(running.end().code == 0)
        #expect(try files("out") == ["x-00000.txt", "x-00001.txt"])
    }

    @Test(arguments: [("gzip", "gzip -dc"), ("zstd", "zstd -qdc")])
    func `a compressed file that is added to is read as one`(
        _ compression: String, _ tool: String
    ) throws {
        _ = try sandbox.file("in", Self.text)
        try write("path=out", "compression=\(compression)")
        try write("path=out", "compression=\(compression)", "append=true", "sync=always")
        #expect(try sandbox.shell("\(tool) < out") == Self.text + Self.text)
    }

    @Test func `wrong paths are refused before anything runs`() throws {
        try sandbox.shell("mkdir d; : > file")
        let wrong = [
            (["path=d"], "Is a directory"), (["path=d/"], "is the name of a folder"),
            (["path=file/x"], "Not a directory"), (["path=/proc/none/x"], "cannot make the folder"),
            (["path=%q.txt"], "`%q` is not known"),
            (["path=x", "roll_size=1KiB", "append=true"], "nothing to append to"),
        ]
        for (words, said) in wrong {
            let result = try sandbox.start(
                ["run", "generate", "count=1", "!", "file.sink"] + words
            ).end()
            #expect(result.code == 65, "\(words): \(result.err)")
            #expect(result.err.contains(said), "\(result.err)")
        }
    }

    /// A file system with room for 1 MiB, where this account may mount one.
    @Test func `a full disk ends the run, and the file with a whole record`() throws {
        _ = try sandbox.file("in", Self.text + Self.text + Self.text)
        let mounted = try sandbox.shell(
            "mkdir -p disk && mount -t tmpfs -o size=1m none disk 2> /dev/null && echo mounted")
        guard mounted == "mounted\n" else { return }
        defer { _ = try? sandbox.shell("umount disk") }
        let all = try sandbox.bytes("in")
        let result = try sandbox.run("run", try copying("path: disk/out.txt"))
        #expect(result.code == 74)
        #expect(result.err.contains("error MR5307"), "\(result.err)")
        #expect(result.err.contains("disk/out.txt"), "\(result.err)")
        let written = try sandbox.bytes("disk/out.txt")
        #expect(written.count > 900_000)
        #expect(written.last == 10)
        #expect(all.starts(with: written))
        try sandbox.shell("rm disk/*")
        let parts = try sandbox.run(
            "run", try copying("path: disk/out.txt, roll_size: 300KiB"))
        #expect(parts.code == 74)
        // Parts that have a name are complete; the one that could not be ended has none.
        #expect(
            try files("disk")
                == [".out-00003.txt.part", "out-00000.txt", "out-00001.txt", "out-00002.txt"])
        #expect(all.starts(with: Data(try sandbox.shell("cat disk/out*").utf8)))
        try sandbox.shell("rm disk/* disk/.o*")
        try fillWithCheckpoints(all)
    }

    /// Writes at once: there are no checkpoints to wait for.
    private func copying(_ with: String) throws -> String {
        try sandbox.file(
            "copy.yaml",
            """
            millrace: 1
            checkpoint: {guarantee: at_most_once}
            nodes:
              in: {use: file.source, with: {path: in, as: line}}
              out: {use: file.sink, from: in, with: {\(with)}}
            """)
    }

    /// What is seen in the end belongs to a checkpoint: whole records, and nothing hidden.
    private func fillWithCheckpoints(_ all: Data) throws {
        for words in [["path=disk/out.txt"], ["path=disk/out.txt", "roll_size=300KiB"]] {
            let result = try sandbox.start(
                ["run", "file.source", "path=in", "as=line", "!", "file.sink"] + words
            ).end()
            #expect(result.code == 74)
            #expect(result.err.contains("error MR5307"), "\(result.err)")
            #expect(try files("disk").allSatisfy { !$0.hasPrefix(".") })
            let written = try sandbox.shell("cat disk/*")
            #expect(all.starts(with: Data(written.utf8)))
            #expect(written.isEmpty || written.hasSuffix("\n"))
            try sandbox.shell("rm -f disk/*")
        }
        // Slow enough for all of it to wait in memory: then it is the commit that finds no room.
        try sandbox.shell("head -c 1010k /dev/zero > disk/filled")
        let slow = try sandbox.run(
            "run", "generate", "size=100", "rate=300/s", "!", "file.sink", "path=disk/out.txt",
            "--for", "30s")
        #expect(slow.code == 74)
        #expect(slow.err.contains("error MR5307"), "\(slow.err)")
    }

    @Test func `a reader that has enough ends the run at once and in silence`() throws {
        let program = try Sandbox.program.path
        let shown = try sandbox.shell(
            """
            export XDG_RUNTIME_DIR=$PWD XDG_CACHE_HOME=$PWD XDG_DATA_HOME=$PWD HOME=$PWD
            timeout 60 \(program) run -q generate ! stdout 2> errors | head -n 3
            echo ${PIPESTATUS[0]}; cat errors
            """)
        #expect(shown == "0\n1\n2\n141\n")
    }

    @Test func `a pipe whose reader has gone fails a file sink with its name`() throws {
        try sandbox.shell("mkfifo pipe")
        let running = try sandbox.start(["run", "generate", "!", "file.sink", "path=pipe"])
        try sandbox.shell("head -n 1 pipe")
        let result = running.end()
        #expect(result.code == 74)
        #expect(result.err.contains("error MR5303"), "\(result.err)")
        #expect(result.err.contains("nobody reads pipe any more"), "\(result.err)")
    }
}
