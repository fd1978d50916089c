// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `file.source` over real files, made by other programs where there are formats.
@Suite struct FileSourceTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Records around every size at which something changes: copies of short lines, blocks of the
    /// arena, buffers of the reader. Every byte but the newline is in them; no UTF-8 is promised.
    private static let records: [[UInt8]] = {
        let sizes = [
            0, 1, 2, 63, 64, 65, 79, 80, 81, 4095, 4096, 32703, 32704, 32736, 65503, 65504, 65535,
            65536, 65537, 131_071, 131_072, 131_073, 1_048_575, 1_048_576,
        ]
        var random = SeededRandom(seed: 3)
        return (sizes + sizes.reversed() + [Int](repeating: 7, count: 2000)).map { size in
            (0..<size).map { _ in
                let byte = UInt8(truncatingIfNeeded: random.next() >> 24)
                return byte == 10 || byte == 13 ? 0xff : byte
            }
        }
    }()

    private static func joined(_ records: [[UInt8]]) -> Data {
        records.reduce(into: Data()) {
            $0.append(contentsOf: $1)
            $0.append(10)
        }
    }

    private static func framed(_ framing: String, _ records: [[UInt8]]) -> Data {
        func count(_ size: Int) -> [UInt8] {
            let four = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
            guard framing == "varint" else {
                return framing == "u32_little" ? four : four.reversed()
            }
            var bytes: [UInt8] = []
            var left = size
            while left >= 0x80 {
                bytes.append(UInt8(left & 0x7f) | 0x80)
                left >>= 7
            }
            return bytes + [UInt8(left)]
        }
        switch framing {
        case "crlf": return records.reduce(into: Data()) { $0.append(contentsOf: $1 + [13, 10]) }
        case "lf", "bytes": return joined(records).dropLast()
        default: return records.reduce(into: Data()) { $0.append(contentsOf: count($1.count) + $1) }
        }
    }

    @Test(
        arguments: ["lf", "crlf", "u32_big", "u32_little", "varint", "bytes"],
        ["none", "gzip", "zstd"])
    func `records come back whole from every framing and compression`(
        _ framing: String, _ compression: String
    ) throws {
        _ = try sandbox.file("in", Self.framed(framing, Self.records))
        let tool = ["none": "cat", "gzip": "gzip -c", "zstd": "zstd -qc"][compression] ?? ""
        try sandbox.shell("\(tool) in > packed")
        let how =
            switch framing {
            case "lf", "crlf": ["as=line"]
            case "bytes": ["!", "lines"]
            default: ["as=length_prefix", "prefix=\(framing)"]
            }
        let result = try sandbox.start(
            ["run", "-q", "file.source", "path=packed"] + how + ["!", "file.sink", "path=out"]
        ).end()
        #expect(result.code == 0, "\(result.err)")
        #expect(try sandbox.bytes("out") == Self.joined(Self.records))
    }

    private func repository(_ path: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(path).path
    }

    /// The host in miniature of the ABI's own tests: batches of every size, outputs that are full,
    /// and instances that end after three polls, whose positions the next one goes on from.
    @Test func `an instance that goes on from a position misses and doubles nothing`() throws {
        try sandbox.shell(
            """
            cc -std=c11 -O1 -I\(repository("include")) \(repository("Tests/ABITests/minihost.c")) \
              -o host -ldl
            cc -std=c11 -O1 -shared -fPIC -I\(repository("include")) \
              \(repository("Plugins/io"))/*.c -o io.so -lz -lzstd -pthread
            """)
        let some = Array(Self.records.filter { $0.count < 70_000 }.prefix(70))
        for framing in ["lf", "u32_big", "varint", "bytes", "whole"] {
            let once = framing == "whole" ? Self.framed(framing, some) + [10] : Self.joined(some)
            _ = try sandbox.file("in", Self.framed(framing, some))
            let how =
                ["lf": "as=line", "bytes": "as=bytes", "whole": "as=whole"][framing]
                ?? "as=length_prefix prefix=\(framing)"
            for tool in ["cat", "gzip -c", "zstd -qc"] {
                // Sizes and durations are given as the real host hands them over.
                let said = try sandbox.shell(
                    """
                    \(tool) in > in-1; cp in-1 in-2
                    ./host ./io.so file.source 'path=in-*' \(how) max_record=8388576 \
                      rescan=1000000000 2>&1 > out | tail -c 300; echo ${PIPESTATUS[0]}
                    """)
                #expect(said == "0\n", "\(framing) \(tool)")
                let size = try sandbox.bytes("out").count
                // Chunks get a newline of their own from the host.
                #expect(framing == "bytes" ? size > 2 * once.count : size == 2 * once.count)
            }
        }
    }

    @Test func `both ways to cut lines do what a simple one does`() throws {
        let check = repository("Tests/ABITests/cut_lines.c")
        let include = repository("include")
        #expect(
            try sandbox.shell("cc -std=c11 -O2 -I\(include) \(check) -o cut && ./cut; echo $?")
                == "0\n")
    }

    @Test func `members and frames that were put together are read as one`() throws {
        let text = (0..<50_000).map { "line \($0)\n" }.joined()
        _ = try sandbox.file("in", text)
        try sandbox.shell(
            """
            head -c 100000 in | gzip > a.gz; tail -c +100001 in | gzip -1 >> a.gz
            head -c 4096 /dev/zero >> a.gz
            head -c 100000 in | zstd -q > a.zst; tail -c +100001 in | zstd -q >> a.zst
            """)
        for name in ["a.gz", "a.zst"] {
            let result = try sandbox.run(
                "run", "-q", "file.source", "path=\(name)", "as=line", "!", "stdout")
            #expect(result.code == 0, "\(result.err)")
            #expect(result.out == text)
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `damage in a compressed file ends the run with the file and the byte`(
        _ tool: String
    ) throws {
        let text = (0..<20_000).map { "line \($0 &* 2_654_435_761 % 1_000_003)\n" }.joined()
        _ = try sandbox.file("in", text)
        try sandbox.shell("\(tool) -qc in > whole")
        let whole = try [UInt8](sandbox.bytes("whole"))
        var random = SeededRandom(seed: 11)
        var damaged: [[UInt8]] = [3, 9, whole.count / 2, whole.count - 1].map {
            Array(whole.prefix($0))
        }
        for _ in 0..<12 {
            var bytes = whole
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            damaged.append(bytes)
        }
        for bytes in damaged {
            _ = try sandbox.file("damaged", bytes)
            let result = try sandbox.run(
                "run", "-q", "file.source", "path=damaged", "compression=\(tool)", "as=line", "!",
                "stdout")
            // A flipped bit in a name or a time of the header changes nothing.
            guard result.code != 0 || result.out != text else { continue }
            #expect(result.code == 74, "\(result.err)")
            #expect(result.err.contains("error MR5305"), "\(result.err)")
            #expect(
                result.err.contains("damaged is") || result.err.contains("damaged does not"),
                "\(result.err)")
            // What comes before the damage may be out already: it is checked at its end.
            #expect(result.out.utf8.count <= text.utf8.count + 65_536)
        }
    }

    @Test func `a name that promises compression must keep it`() throws {
        _ = try sandbox.file("plain.gz", "not compressed\n")
        let refused = try sandbox.run("run", "file.source", "path=plain.gz", "!", "stdout")
        #expect(refused.code == 74)
        #expect(refused.err.contains("give compression=none"), "\(refused.err)")
        let read = try sandbox.run(
            "run", "-q", "file.source", "path=plain.gz", "compression=none", "!", "stdout")
        #expect(read.out == "not compressed\n")
        _ = try sandbox.file("empty.gz", "")
        #expect(try sandbox.run("run", "file.source", "path=empty.gz", "!", "null").code == 0)
    }

    @Test func `a pattern names files in the order of their bytes`() throws {
        try sandbox.shell(
            """
            mkdir -p d/b d/a d/folder.txt; mkfifo d/pipe.txt
            echo 2 > d/b/2.txt; echo 1 > d/a/1.txt; echo 10 > d/10.txt; echo 9 > d/9.txt
            """)
        let flat = try sandbox.run("run", "file.source", "path=d/*.txt", "!", "stdout")
        #expect(flat.out == "10\n9\n", "\(flat.err)")
        #expect(flat.err.contains("2 of the names that match d/*.txt are no regular files"))
        let deep = try sandbox.run("run", "-q", "file.source", "path=d/?/[12].txt", "!", "stdout")
        #expect(deep.out == "1\n2\n")
        let none = try sandbox.run("run", "file.source", "path=d/*.csv", "!", "stdout")
        #expect(none.code == 65)
        #expect(none.err.contains("no file is called d/*.csv"), "\(none.err)")
        _ = try sandbox.file("star*.txt", "itself\n")
        let literal = try sandbox.run("run", "-q", "file.source", "path=star*.txt", "!", "stdout")
        #expect(literal.out == "itself\n")
    }

    @Test func `whole files are one record each, empty ones too`() throws {
        try sandbox.shell("mkdir w; printf 'a\\nb' > w/1; : > w/2; printf 'c\\n' | gzip > w/3")
        let result = try sandbox.run(
            "run", "-q", "file.source", "path=w/*", "as=whole", "!", "file.sink", "path=out")
        #expect(result.code == 0, "\(result.err)")
        #expect(try sandbox.bytes("out") == Data("a\nb\n\nc\n".utf8))
    }

    @Test func `several tasks share the files`() throws {
        for number in 0..<7 {
            let lines = (0..<5000).map { "\(number * 5000 + $0)\n" }
            _ = try sandbox.file("part\(number).txt", lines.joined())
        }
        let result = try sandbox.run(
            "run", "-q", "file.source", "path=part*.txt", "as=line", "parallelism=3", "!",
            "stdout")
        #expect(result.code == 0, "\(result.err)")
        #expect(result.lines.compactMap { Int($0) }.sorted() == Array(0..<35_000))
    }

    @Test func `a record that is too long is refused or left out, never waited for`() throws {
        let giant = String(repeating: "x", count: 10_000_000)
        _ = try sandbox.file("giant", "first\n\(giant)\nlast\n")
        let refused = try sandbox.run("run", "file.source", "path=giant", "as=line", "!", "null")
        #expect(refused.code == 74)
        #expect(refused.err.contains("giant: the line at byte 6 has more than 1048576 bytes"))
        let skipped = try sandbox.run(
            "run", "file.source", "path=giant", "as=line", "too_long=skip", "!", "stdout")
        #expect(skipped.code == 0)
        #expect(skipped.out == "first\nlast\n")
        #expect(skipped.err.contains("byte 6 has more than 1048576 bytes"), "\(skipped.err)")
        let bytes = try sandbox.run(
            "run", "-q", "file.source", "path=giant", "!", "lines", "!",
            "stdout")
        #expect(bytes.err.contains("raise max_length"), "\(bytes.err)")
        _ = try sandbox.file(
            "counted", [0, 0, 0, 1, 65, 0, 152, 150, 128] + giant.utf8 + [0, 0, 0, 0])
        let counted = try sandbox.run(
            "run", "-q", "file.source", "path=counted", "as=length_prefix", "too_long=skip", "!",
            "stdout")
        #expect(counted.out == "A\n\n")
        let whole = try sandbox.run(
            "run", "-q", "file.source", "path=giant", "as=whole", "too_long=skip", "!", "stdout")
        #expect(whole.code == 0)
        #expect(whole.out == "")
    }

    @Test func `a large record passes where the node has room for it`() throws {
        let large = String(repeating: "y", count: 6_000_000)
        _ = try sandbox.file("large", large + "\n")
        func read(_ memory: String) throws -> Running.Result {
            let topology = """
                millrace: 1
                name: large
                nodes:
                  in: {use: file.source, with: {path: large, as: line, max_record: 7MiB}\(memory)}
                  out: {use: stdout, from: in}

                """
            return try sandbox.run("run", "-q", try sandbox.file("large.yaml", topology))
        }
        #expect(try read(", output_memory: 8MiB").out == large + "\n")
        let refused = try read("")
        #expect(refused.code == 74)
        #expect(refused.err.contains("more room for its output"), "\(refused.err)")
    }

    @Test func `counted records must be complete`() throws {
        _ = try sandbox.file("cut", [0, 0, 0, 3, 65, 66])
        let result = try sandbox.run(
            "run", "file.source", "path=cut", "as=length_prefix", "!", "stdout")
        #expect(result.code == 74)
        #expect(result.err.contains("in the middle of the record at byte 0"), "\(result.err)")
    }

    @Test func `pipes and standard input can be read`() throws {
        let text = (0..<30_000).map { "line \($0)\n" }.joined()
        let fromInput = try sandbox.run(
            "run", "-q", "file.source", "path=/dev/stdin", "as=line", "!", "stdout", input: text)
        #expect(fromInput.code == 0, "\(fromInput.err)")
        #expect(fromInput.out == text)
        try sandbox.shell("mkfifo pipe")
        let running = try sandbox.start(
            ["run", "file.source", "path=pipe", "as=line", "!", "stdout"])
        _ = try running.waitForError("watch: millrace top")
        _ = try sandbox.file("in", text)
        try sandbox.shell("gzip -c in > pipe")
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.out == text)
    }

    @Test func `a folder, a socket and a missing file are refused before anything runs`() throws {
        try sandbox.shell(
            "mkdir d; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'")
        for (path, said) in [("d", "is a directory"), ("s", "is a socket"), ("no", "No such file")]
        {
            let result = try sandbox.run("run", "file.source", "path=\(path)", "!", "null")
            #expect(result.code == 65)
            #expect(result.err.contains(said), "\(result.err)")
        }
    }

    /// A run that has read some of `big` and waits, because nobody reads what it writes.
    private func stopped(_ paths: String, then change: String) throws -> Running.Result {
        let lines = (0..<2_000_000).map { "line \($0)\n" }.joined()
        _ = try sandbox.file("big-1", lines)
        _ = try sandbox.file("big-2", "second\n")
        try sandbox.shell("mkfifo out")
        let running = try sandbox.start(
            ["run", "file.source", "path=\(paths)", "as=line", "!", "file.sink", "path=out"])
        // Opening the pipe to read lets the sink open it to write; a line shows that it runs.
        try sandbox.shell("exec 3< out; read line <&3; \(change); cat <&3 > rest")
        return running.end()
    }

    @Test func `a file that shrinks while it is read is named`() throws {
        let result = try stopped("big-1", then: ": > big-1")
        #expect(result.code == 74)
        #expect(result.err.contains("error MR5306"), "\(result.err)")
        #expect(result.err.contains("big-1 shrank from"), "\(result.err)")
    }

    @Test func `a file that vanishes before its turn is named`() throws {
        let result = try stopped("big-*", then: "rm big-2")
        #expect(result.code == 74)
        #expect(result.err.contains("error MR5306"), "\(result.err)")
        #expect(result.err.contains("cannot read big-2: No such file"), "\(result.err)")
    }

    @Test func `a file that is deleted while it is read is read to its end`() throws {
        let result = try stopped("big-1", then: "rm big-1")
        #expect(result.code == 0, "\(result.err)")
        #expect(try sandbox.bytes("rest").suffix(13) == Data("line 1999999\n".utf8))
    }
}

/// The same numbers in every run: a failure can be repeated.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
