// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// One graph, three faces: a file, a line and Swift mean the same to the last byte.
@Suite struct FaceTests {
    struct Graph: Sendable, CustomTestStringConvertible {
        /// In `Tests/Fixtures/swift-topologies`.
        var name: String
        var nodes: String
        /// Nil: a line has no words for it.
        var line: [String]?
        /// Keys of the file around the nodes.
        var settings = ""
        var testDescription: String { name }

        var yaml: String { "millrace: 1\n\(settings)nodes:\n\(nodes)\n" }
    }

    private let sandbox: Sandbox
    private static let variables = ["FACE_SET": "b"]

    init() throws { sandbox = try Sandbox() }

    private func resolved(_ words: [String], form: String = "json") throws -> String {
        let result = try sandbox.start(
            ["show"] + words + ["--resolved", "-o", form], variables: Self.variables
        ).end()
        #expect(result.code == 0, "\(result.err)")
        return result.out
    }

    private func swift(_ graph: String, _ words: String..., input: String = "") throws
        -> Running.Result
    {
        let program = try Sandbox.program.deletingLastPathComponent()
            .appendingPathComponent("swift-topologies")
        let variables = Self.variables.merging(["GRAPH": graph]) { $1 }
        let running = try Running(program, words, in: sandbox.folder, variables)
        running.write(input)
        return running.end()
    }

    @Test(arguments: graphs)
    func `a file, a line and Swift resolve to the same bytes`(_ graph: Graph) throws {
        let file = try sandbox.file("t.yaml", graph.yaml)
        let json = try resolved([file])
        #expect(json.hasPrefix("{\n  \"millrace\": 1,\n"))
        if let line = graph.line { #expect(try resolved(line) == json) }
        let swift = try swift(graph.name, "show", "--resolved", "-o", "json")
        #expect(swift.code == 0, "\(swift.err)")
        #expect(swift.out == json)
        // And so does what each of them writes for the others.
        for words in [[file]] + (graph.line.map { [$0] } ?? []) {
            let shown = try sandbox.start(["show"] + words, variables: Self.variables).end()
            #expect(try resolved([sandbox.file("again.yaml", shown.out)]) == json, "\(shown.out)")
        }
        let yaml = try sandbox.file("resolved.yaml", try resolved([file], form: "yaml"))
        let open = json.replacingOccurrences(of: "\"inserted\": true", with: "\"inserted\": false")
        #expect(try resolved([yaml]) == open)
    }

    @Test func `without a command Swift runs, and its arguments are those of millrace`() throws {
        let run = try swift("line")
        #expect(run.out == "0\n1\n2\n")
        #expect(try swift("line", "--set", "generate.count=1").out == "0\n")
        #expect(try swift("line", "run", "--set", "generate.count=2").out == "0\n1\n")
        #expect(try swift("line", "check").out.contains("guarantee: stdout at least once\n"))
        #expect(try swift("line", "--nonsense").code == 64)
    }

    @Test func `standard input is the job's own`() throws {
        #expect(try swift("stdin", input: "a\nb\n").out == "a\nb\n")
    }

    @Test func `two nodes of one name are refused with both places`() throws {
        let twice = try swift("twice")
        #expect(twice.code == 65)
        #expect(twice.out.isEmpty)
        #expect(twice.err.contains("error: two nodes are called `numbers`: both made at swift_"))
        #expect(twice.err.contains("/main.swift:"))
    }

    @Test func `keys of later releases are written, and refused by the checker`() throws {
        let later = try swift("later", "check")
        #expect(later.code == 65)
        #expect(later.out.contains("error MR2008  metrics: known"))
        #expect(later.out.contains("error MR2008  nodes.numbers.log_level: known"))
    }

    @Test func `a chain of fifteen hundred nodes is no trouble`() throws {
        let long = try swift("long", "show", "-o", "text")
        #expect(long.code == 0, "\(long.err)")
        #expect(long.out.hasSuffix("● n1499  pass\n▼\n● out  null\n"))
    }

    @Test func `a program that is not there is named`() throws {
        let program = try Sandbox.program.deletingLastPathComponent()
            .appendingPathComponent("swift-topologies")
        let running = try Running(
            program, [], in: sandbox.folder, ["GRAPH": "line", "MILLRACE": "/no/millrace"])
        running.write("")
        let result = running.end()
        #expect(result.code != 0)
        #expect(result.err.contains("millrace cannot be started: tried /no/millrace."))
    }
}

extension FaceTests {
    static let graphs = [
        Graph(
            name: "line",
            nodes: """
                  generate: {use: generate, with: {count: 3}}
                  pass: {use: pass, from: generate}
                  stdout: {use: stdout, from: [pass.out]}
                """, line: words("generate count=3 ! pass ! stdout"), settings: "name: line\n"),
        Graph(
            name: "values",
            nodes: """
                  stdout: {use: stdout, from: lines}
                  lines: {use: lines, from: generate, with: {max_length: 65536}}
                  generate:
                    with:
                      keys: 0xa
                      count: 3
                      spread: "zipf"
                      rate: 60k/m
                      value: '{"x":2, "y": "$$$${"}'
                    use: generate
                """,
            line: [
                "generate", "value={\"x\":2, \"y\": \"$$$${\"}", "count=3", "rate=1k/s", "keys=10",
                "with.spread=zipf", "!", "lines", "max_length=64KiB", "!", "stdout",
            ]),
        Graph(
            name: "variables",
            nodes: """
                  generate:
                    use: generate
                    with: {count: "${FACE_COUNT:-7}", value: "a ${FACE_SET} ${FACE_UNSET:-c}"}
                  stdout: {use: stdout, from: generate}
                """,
            line: [
                "generate", "count=${FACE_COUNT:-7}", "value=a ${FACE_SET} ${FACE_UNSET:-c}", "!",
                "stdout",
            ]),
        Graph(
            name: "tasks",
            nodes: """
                  generate: {use: generate, parallelism: 2}
                  pass: {use: pass, from: {node: generate, queue: 64}, parallelism: 3}
                  "null": {use: "null", from: pass, isolation: executor}
                """,
            line: words(
                "generate parallelism=2 ! [queue=64] pass parallelism=3 "
                    + "! null isolation=executor")),
        Graph(
            name: "hash",
            nodes: """
                  generate: {use: generate, with: {value: '{"id":{"n":1}}'}}
                  count:
                    use: count
                    from: {node: generate, partition: hash, key: id.n}
                    parallelism: 4
                  stdout: {use: stdout, from: {node: count, partition: round_robin}}
                """,
            line: [
                "generate", "value={\"id\":{\"n\":1}}", "!", "[partition=hash key=id.n]", "count",
                "parallelism=4", "!", "[partition=round_robin]", "stdout",
            ]),
        Graph(
            name: "checkpoints",
            nodes: """
                  numbers: {use: generate, with: {count: 3}}
                  out: {use: file.sink, from: numbers, with: {path: out}}
                """,
            settings: """
                name: checkpoints
                restart: {budget: {per: 30000ms, count: 3}, backoff: 200ms..5s}
                checkpoint:
                  retain: 2
                  timeout: 1m30s
                  every: 250ms
                  guarantee: at_least_once
                  store: /tmp/${FACE_SET}

                """),
        Graph(
            name: "recordKey",
            nodes: """
                  generate: {use: generate, with: {keys: 5}}
                  count: {use: count, from: {node: generate, partition: hash}, parallelism: 2}
                  "null": {use: "null", from: count, parallelism: 2}
                """,
            line: words(
                "generate keys=5 ! [partition=hash] count parallelism=2 ! null parallelism=2")),
        Graph(
            name: "twoKeys",
            nodes: """
                  z: {use: generate, with: {value: '{"a":1,"b":2}'}}
                  one: {use: count, from: {node: z, partition: hash, key: b}, parallelism: 2}
                  another: {use: count, from: {node: z, key: [a]}, parallelism: 2}
                  out: {use: stdout, from: [one, another]}
                """,
            line: words(
                "generate name=z value={\"a\":1,\"b\":2} ! [key=b] count name=one parallelism=2 "
                    + "! stdout name=out @z ! [key=a] count name=another parallelism=2 ! @out")),
        Graph(
            name: "severalFields",
            nodes: """
                  generate: {use: generate, with: {count: 5, value: '{"a":1,"b":{"c":2}}'}}
                  even: {use: filter, from: generate, with: {where: "a > 0 and b.c == 2"}}
                  count:
                    use: count
                    from: {node: even, partition: hash, key: [a, b.c]}
                    parallelism: 2
                  "null": {use: "null", from: count}
                """,
            line: [
                "generate", "count=5", "value={\"a\":1,\"b\":{\"c\":2}}", "!", "filter",
                "name=even",
                "where=a > 0 and b.c == 2", "!", "[partition=hash key=a,b.c]", "count",
                "parallelism=2", "!", "null",
            ]),
        Graph(
            name: "function",
            nodes: """
                  generate: {use: generate, with: {value: '{"x":2}'}}
                  decode: {use: json.decode, from: generate}
                  root:
                    use: "libm.so.6!sqrt(f64=$value.x) -> f64=$value.y"
                    from: decode
                    parallelism: 2
                  "null": {use: "null", from: root}
                """,
            line: [
                "generate", "value={\"x\":2}", "!", "json.decode", "name=decode", "!",
                "libm.so.6!sqrt(f64 = $value.x) -> f64 = $value.y", "name=root", "parallelism=2",
                "!", "null",
            ]),
        Graph(
            name: "diamond",
            nodes: """
                  "null": {use: "null", from: generate}
                  both: {use: pass, from: [left, right]}
                  left: {use: pass, from: generate}
                  right: {use: pass, from: generate}
                  generate: {use: generate, with: {count: 5}}
                  stdout: {use: stdout, from: both}
                """,
            line: words(
                "generate count=5 ! pass name=left ! pass name=both ! stdout "
                    + "@generate ! pass name=right ! @both @generate ! null")),
        Graph(
            name: "ways",
            nodes: """
                  generate: {use: generate}
                  all: {use: pass, from: {node: generate, partition: broadcast}, parallelism: 2}
                  same: {use: pass, from: {node: all, partition: forward}, parallelism: 2}
                  least: {use: pass, from: {node: same, partition: least_loaded}, parallelism: 3}
                  "null": {use: "null", from: least}
                """,
            line: words(
                "generate ! [partition=broadcast] pass name=all parallelism=2 "
                    + "! [partition=forward] pass name=same parallelism=2 "
                    + "! [partition=least_loaded] pass name=least parallelism=3 ! null")),
        Graph(
            name: "ports",
            nodes: """
                  generate: {use: generate}
                  pass: {use: pass, from: {node: generate.out, input: in}}
                  "null": {use: "null", from: {node: pass, queue: 32, partition: round_robin}}
                """,
            line: words(
                "pass name=pass ! [partition=round_robin queue=32] null "
                    + "generate name=generate @generate.out ! @pass.in")),
        Graph(
            name: "versions",
            nodes: """
                  generate: {use: generate@^1.0, with: {count: 0}}
                  stdout: {use: stdout@1, from: generate}
                """, line: words("generate@^1.0 count=0 ! stdout@1"),
            settings: "plugins: [basic@^1, io]\n"),
        Graph(
            name: "node",
            nodes: """
                  generate:
                    use: generate
                    output_memory: 8MiB
                    watchdog: {soft: 0.5s, hard: 1m30s}
                    loop: 1
                  "null": {use: "null", from: generate, description: "no: where", loop: 0}
                """, settings: "description: said\n"),
        Graph(
            name: "file",
            nodes: """
                  generate: {use: generate}
                  "null": {use: "null", from: generate}
                """,
            settings: "arena: 64MiB\nthreads: 3\npin: true\nidle: spin\n"),
        Graph(
            name: "defaults",
            nodes: """
                  generate: {use: generate, parallelism: 1}
                  pass: {use: pass, from: generate}
                  "null": {use: "null", from: {node: pass, partition: round_robin}}
                """,
            settings: "defaults: {parallelism: 3, queue: 128, isolation: executor, "
                + "watchdog: {soft: 2s, hard: 60s}}\n"),
    ]

    /// Apart by spaces; a word in brackets may contain some, as in quotes of a shell.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        for word in line.split(separator: " ") {
            if let last = words.last, last.hasPrefix("["), !last.hasSuffix("]") {
                words[words.count - 1] += " \(word)"
            } else {
                words.append(String(word))
            }
        }
        return words
    }
}
