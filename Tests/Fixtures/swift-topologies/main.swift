// SPDX-License-Identifier: Apache-2.0
// The graphs of FaceTests, as Swift writes them; `GRAPH` names one.
import Glibc
import Millrace

let graphs: [String: Topology] = [
    "line": Topology("line") {
        let numbers = Node("generate", use: "generate", with: ["count": 3])
        let pass = Node("pass", use: "pass", from: numbers.out)
        Node("stdout", use: "stdout", from: pass.out)
    },
    "values": Topology("values") {
        let numbers = Node(
            "generate", use: "generate",
            with: [
                "count": 3, "rate": .rate(.perSecond(1000)), "value": "{\"x\":2, \"y\": \"$${\"}",
                "spread": "zipf", "keys": 10,
            ])
        let lines = Node(
            "lines", use: "lines", from: numbers.out,
            with: ["max_length": .size(.kibibytes(64))])
        Node("stdout", use: "stdout", from: lines.out)
    },
    "variables": Topology("variables") {
        let numbers = Node(
            "generate", use: "generate",
            with: [
                "count": .env("FACE_COUNT", default: "7"),
                "value": .interpolated("a ${FACE_SET} ${FACE_UNSET:-c}"),
            ])
        Node("stdout", use: "stdout", from: numbers.out)
    },
    "tasks": Topology("tasks") {
        let numbers = Node("generate", use: "generate").parallelism(2)
        let wide = Node("pass", use: "pass", from: numbers.out.queue(64)).parallelism(3)
        Node("null", use: "null", from: wide.out).isolation(.executor)
    },
    "hash": Topology("hash") {
        let numbers = Node("generate", use: "generate", with: ["value": "{\"id\":{\"n\":1}}"])
        let count = Node("count", use: "count", from: numbers.out.by(.hash("id.n"))).parallelism(4)
        Node("stdout", use: "stdout", from: count.out.by(.roundRobin))
    },
    "recordKey": Topology("record-key") {
        let numbers = Node("generate", use: "generate", with: ["keys": 5])
        let count = Node("count", use: "count", from: numbers.out.by(.hash())).parallelism(2)
        Node("null", use: "null", from: count.out).parallelism(2)
    },
    "twoKeys": Topology("two-keys") {
        let numbers = Node("z", use: "generate", with: ["value": "{\"a\":1,\"b\":2}"])
        let one = Node("one", use: "count", from: numbers.out.by(.hash("b"))).parallelism(2)
        let another = Node("another", use: "count", from: numbers.out.key("a")).parallelism(2)
        Node("out", use: "stdout", from: one.out, another.out)
    },
    "severalFields": Topology("several-fields") {
        let records = Node(
            "generate", use: "generate", with: ["count": 5, "value": "{\"a\":1,\"b\":{\"c\":2}}"])
        let even = Node(
            "even", use: "filter", from: records.out, with: ["where": "a > 0 and b.c == 2"])
        let count = Node("count", use: "count", from: even.out.by(.hash("a", "b.c"))).parallelism(2)
        Node("null", use: "null", from: count.out)
    },
    "function": Topology("function") {
        let records = Node("generate", use: "generate", with: ["value": "{\"x\":2}"])
        let decode = Node("decode", use: "json.decode", from: records.out)
        let root = Node(
            "root", use: "libm.so.6!sqrt( f64 = $value.x ) -> f64 = $value.y", from: decode.out
        )
        .parallelism(2)
        Node("null", use: "null", from: root.out)
    },
    "diamond": Topology("diamond") {
        let numbers = Node("generate", use: "generate", with: ["count": 5])
        let left = Node("left", use: "pass", from: numbers.out)
        let right = Node("right", use: "pass", from: numbers.out)
        let both = Node("both", use: "pass", from: left.out, right.out)
        Node("stdout", use: "stdout", from: both.out)
        Node("null", use: "null", from: numbers.out)
    },
    "ways": Topology("ways") {
        let numbers = Node("generate", use: "generate")
        let all = Node("all", use: "pass", from: numbers.out.by(.broadcast)).parallelism(2)
        let same = Node("same", use: "pass", from: all.out.by(.forward)).parallelism(2)
        let least = Node("least", use: "pass", from: same.out.by(.leastLoaded)).parallelism(3)
        Node("null", use: "null", from: least.out)
    },
    "ports": Topology("ports") {
        let numbers = Node("generate", use: "generate")
        let pass = Node("pass", use: "pass", from: numbers["out"].into("in"))
        Node("null", use: "null", from: pass["out"].into("in").queue(32).by(.roundRobin))
    },
    "versions": Topology("versions", plugins: ["basic@^1", "io"]) {
        let numbers = Node("generate", use: "generate@^1.0", with: ["count": 0])
        Node("stdout", use: "stdout@1", from: numbers.out)
    },
    "node": Topology("node", description: "Said: \"once\"\nand 'again'") {
        let numbers = Node("generate", use: "generate").outputMemory(.mebibytes(8))
            .watchdog(soft: .milliseconds(500), hard: .seconds(90)).loop(1)
        Node("null", use: "null", from: numbers.out).description("no: where").loop(0)
    },
    "file": Topology("file") {
        let numbers = Node("generate", use: "generate")
        Node("null", use: "null", from: numbers.out)
    }
    .arena(.mebibytes(64)).threads(3).pin().idle(.spin),
    "defaults": Topology("defaults") {
        let numbers = Node("generate", use: "generate").parallelism(1)
        let pass = Node("pass", use: "pass", from: numbers.out)
        Node("null", use: "null", from: pass.out.by(.roundRobin))
    }
    .defaults(
        parallelism: 3, queue: 128, isolation: .executor, watchdogSoft: .seconds(2),
        watchdogHard: .seconds(60)),
    "stdin": Topology("stdin") {
        let lines = Node("lines", use: "lines", from: Node("stdin", use: "stdin").out)
        Node("stdout", use: "stdout", from: lines.out)
    },
    "twice": Topology("twice") {
        let numbers = Node("numbers", use: "generate")
        Node("out", use: "stdout", from: numbers.out)
        Node("null", use: "null", from: numbers.parallelism(2).out)
    },
    "later": Topology("later") {
        let numbers = Node("numbers", use: "generate").logLevel(.debug)
        Node("out", use: "stdout", from: numbers.out)
    }
    .metrics(perTask: true),
    "checkpoints": Topology("checkpoints") {
        let numbers = Node("numbers", use: "generate", with: ["count": 3])
        Node("out", use: "file.sink", from: numbers.out, with: ["path": "out"])
    }
    .checkpoint(
        every: .milliseconds(250), guarantee: .atLeastOnce, store: "file:///tmp/${FACE_SET}",
        timeout: .seconds(90), retain: 2
    )
    .restart(backoff: .milliseconds(200) ... .seconds(5), budget: (count: 3, per: .seconds(30))),
    "long": Topology("long") {
        var last = Node("n0", use: "generate", with: ["count": 1])
        for number in 1..<1_500 { last = Node("n\(number)", use: "pass", from: last.out) }
        return [Node("out", use: "null", from: last.out)]
    },
]

guard let name = getenv("GRAPH"), let topology = graphs[String(cString: name)] else {
    fatalError("GRAPH names no graph: \(graphs.keys.sorted())")
}
try topology.main()
