// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The bundled operators, as a user runs them.
@Suite struct BundledOperatorTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Lines of many lengths, from empty to several chunks, with every kind of white space.
    private static let text: String = {
        var text = ""
        for number in 0..<3000 {
            let word = String(repeating: "w", count: number % 61)
            text += "\(word) \(number)\t\(word)\u{0B}end\r\n"
            if number % 500 == 499 { text += String(repeating: "long ", count: 20_000) + "\n\n" }
        }
        return text + "no newline at the end"
    }()

    @Test func `a file comes out as it went in`() throws {
        let file = try sandbox.file("in.txt", Self.text)
        let result = try sandbox.run(
            "run", "-q", "file.source", "path=\(file)", "!", "lines", "!", "stdout")
        #expect(result.code == 0)
        #expect(result.out == Self.text + "\n")
    }

    @Test(arguments: [false, true])
    func `words are what is between white space`(_ throughLines: Bool) throws {
        let file = try sandbox.file("in.txt", Self.text)
        let source = ["run", "-q", "file.source", "path=\(file)", "!"]
        let words = (throughLines ? ["lines", "!"] : []) + ["words", "!", "stdout"]
        let result = try sandbox.start(source + words).end()
        let expected = Self.text.utf8.split { $0 == 0x20 || (9...13).contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
        #expect(result.code == 0)
        #expect(result.lines.map(String.init) == expected)
    }

    @Test func `a sink empties its file, or adds to it`() throws {
        let file = try sandbox.file("out.txt", "old\n")
        func write(_ words: String...) throws -> String {
            let run = ["run", "-q", "generate", "count=3", "!", "file.sink", "path=\(file)"]
            #expect(try sandbox.start(run + words).end().code == 0)
            return try String(contentsOfFile: file, encoding: .utf8)
        }
        #expect(try write() == "0\n1\n2\n")
        #expect(try write("append=true") == "0\n1\n2\n0\n1\n2\n")
    }

    @Test func `generate makes the same records from the same seed`() throws {
        func keys(_ seed: Int) throws -> [Substring] {
            try sandbox.run(
                "run", "-q", "generate", "count=2000", "keys=20", "spread=zipf", "seed=\(seed)",
                "!", "stdout", "format=key_value"
            ).lines
        }
        let first = try keys(1)
        #expect(first.count == 2000)
        #expect(try keys(1) == first)
        #expect(try keys(2) != first)
        // The first of 20 keys has 1/3.6 of all records, the last one 1/72.
        let counts = Dictionary(grouping: first) { $0.prefix { $0 != "\t" } }.mapValues(\.count)
        #expect((450...660).contains(counts["k0"] ?? 0))
        #expect((10...55).contains(counts["k19"] ?? 0))
    }

    @Test func `generate keeps to its rate`() throws {
        let result = try sandbox.run(
            "run", "generate", "rate=200/s", "count=101", "!", "null", "-o", "json")
        // The last of 101 records is due after half a second.
        #expect(result.code == 0)
        let status = try result.json()
        #expect(status["records"] as? [String: Int] == ["in": 101, "out": 101])
    }

    @Test func `a key comes from a field or from the first bytes`() throws {
        let json = """
            {"name": "x", "at": {"id": "a\\u00e9"}}
            {"at": {"id": 17, "of": [1, "}"]}}

            """
        let field = try sandbox.run(
            "run", "-q", "stdin", "!", "lines", "!", "key", "field=at.id", "!", "stdout",
            "format=key_value", input: json)
        #expect(field.lines.map { $0.prefix { $0 != "\t" } } == ["aé", "17"])
        let prefix = try sandbox.run(
            "run", "-q", "stdin", "!", "lines", "!", "key", "prefix=3", "!", "stdout",
            "format=key_value", input: "abcdef\n")
        #expect(prefix.out == "abc\tabcdef\n")
    }

    @Test func `a key of several fields is one JSON array, written in one way`() throws {
        let json = #"""
            {"a": "x,y", "b": {"c": [7]}, "d": true}
            {"a": "x", "b": {"c": ["y,7"]}, "d": true}
            {"d": true, "b": {"c": [7.0]}, "a": "\u00e9\/\"\\\n\u0001"}
            {"d": true, "b": {"c": ["7"]}, "a": "é/\"\\\u000a\u0001"}

            """#
        let edge = try sandbox.run(
            "run", "-q", "stdin", "!", "lines", "!", "[key=a,b.c[0],d]", "stdout",
            "format=key_value", input: json)
        #expect(edge.code == 0, "\(edge.err)")
        #expect(
            edge.lines.map { String($0.prefix { $0 != "\t" }) } == [
                #"["x,y",7,true]"#, #"["x","y,7",true]"#, #"["é/\"\\\n\u0001",7.0,true]"#,
                #"["é/\"\\\n\u0001","7",true]"#,
            ])
        for (fields, said) in [("[a, a]", "named twice"), ("[a..b]", "MR2504")] {
            let wrong = try sandbox.run(
                "run", "stdin", "!", "key", "fields=\(fields)", "!", "null", input: json)
            #expect(wrong.code == 65)
            #expect(wrong.err.contains(said), "\(wrong.err)")
        }
        let text = String(repeating: "x", count: 65_530)
        let long = try sandbox.run(
            "run", "stdin", "!", "lines", "!", "key", "fields=[a, b]", "on_error=fail", "!",
            "null", input: "{\"a\": \"\(text)\", \"b\": 12}\n")
        #expect(long.code == 1)
        #expect(
            long.err.contains("no key at b: the key is longer than 65535 bytes"), "\(long.err)")
    }

    @Test func `an exchange by key loses, doubles and reorders nothing`() throws {
        let result = try sandbox.run(
            "run", "oracle.source", "count=1000000", "parallelism=2", "!", "[partition=hash]",
            "pass", "parallelism=4", "!", "[partition=hash]", "oracle.sink", "count=1000000")
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("in 1 000 000  out 1 000 000"), "\(result.err)")
    }

    @Test func `the oracle sees a record that is missing`() throws {
        let result = try sandbox.run(
            "run", "oracle.source", "count=1000", "!", "oracle.sink", "count=1001")
        #expect(result.code == 1)
        #expect(
            result.err.contains("key 0: expected 2 records, found 1: the last ones are lost"),
            "\(result.err)")
    }

    @Test func `a failed assertion fails the run`() throws {
        let good = try sandbox.run("run", "-q", "generate", "count=5", "!", "assert", "count=5")
        #expect(good.code == 0, "\(good.err)")
        let few = try sandbox.run("run", "-q", "generate", "count=5", "!", "assert", "count=6")
        #expect(few.code == 1)
        #expect(few.err.contains("expected 6 records, found 5"), "\(few.err)")
        let other = try sandbox.run(
            "run", "generate", "count=5", "!", "assert", "contains=7", "on_error=fail")
        #expect(other.code == 1)
        #expect(other.err.contains("expected a value with \"7\", found \"0\""), "\(other.err)")
    }

    @Test(arguments: [
        ["file.source", "path=/no/such/file"], ["file.source", "path=/"],
        ["file.source", "path=/dev/null"], ["generate", "rate=0/s"],
        ["generate", "size=12", "keys=2"], ["generate", "size=100", "value=x"],
    ])
    func `wrong parameters are refused before anything runs`(_ words: [String]) throws {
        let result = try sandbox.start(["run"] + words + ["!", "null"]).end()
        #expect(result.code == 65, "\(result.err)")
        #expect(result.err.contains("error MR2"), "\(result.err)")
    }

    @Test func `a full disk is named with the file`() throws {
        let result = try sandbox.run(
            "run", "generate", "count=100000", "!", "file.sink", "path=/dev/full")
        #expect(result.code == 74)
        #expect(result.err.contains("error MR5307"), "\(result.err)")
        #expect(result.err.contains("/dev/full: No space left on device"), "\(result.err)")
    }

    @Test func `a giant line is refused, with the way out`() throws {
        let giant = String(repeating: "x", count: 3 << 20)
        let file = try sandbox.file("giant.txt", "first\n\(giant)\nlast\n")
        let refused = try sandbox.run(
            "run", "file.source", "path=\(file)", "!", "lines", "on_error=fail", "!", "stdout")
        #expect(refused.code == 1)
        #expect(refused.err.contains("raise max_length"), "\(refused.err)")
    }
}
