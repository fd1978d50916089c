// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Topologies with one fault each: what is said, and to which place it points.
///
/// `§` stands right before each place that a finding must name, in the order of the codes; a
/// code with `w:` is a warning, with `n:` a notice.
struct BrokenTopologyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var text: String
        /// As `Check.short` writes them.
        var found: [String]
        /// Part of the next step of one finding.
        var next: String
        var testDescription: String { name }

        init(_ name: String, _ codes: String, _ marked: String, next: String = "") {
            self.name = name
            self.next = next
            var places: [String] = []
            var text = ""
            var (line, column) = (1, 1)
            for character in marked {
                if character == "§" {
                    places.append("\(line):\(column)")
                    continue
                }
                text.append(character)
                column += 1
                if character == "\n" { (line, column) = (line + 1, 1) }
            }
            self.text = text
            found = zip(codes.split(separator: " "), places).map { code, place in
                code.replacing(":", with: " ") + " " + place
            }
        }
    }

    @Test(arguments: files + values + graphs + notServed)
    func `a broken file is refused at its place`(_ one: Case) {
        let (plan, findings) = Check.yaml(one.text)
        let text = FindingText.render(findings, sources: ["t.yaml": one.text])
        #expect(Check.short(findings) == one.found, "\(text)")
        let hasError = one.found.contains { $0.hasPrefix("MR") }
        #expect((plan == nil) == hasError)
        if !one.next.isEmpty {
            #expect(findings.contains { $0.failure.next?.contains(one.next) == true }, "\(text)")
        }
    }

    @Test func `a file without a fault gives a plan and no finding`() {
        // The canary of the table: the frame around each fault is not what is refused.
        let (plan, findings) = Check.yaml("\(start)  b: {use: \"null\", from: a}\n")
        #expect(findings.isEmpty)
        #expect(plan?.nodes.map(\.id) == ["a", "b"])
        #expect(files.count + values.count + graphs.count + notServed.count >= 40)
    }

    @Test func `one look reports the faults of all phases`() {
        let (_, findings) = Check.yaml(
            """
            millrace: 1
            retries: 5
            nodes:
              a: {use: generate, with: {cuont: 1}}
              b: {use: pass, from: nobody}
              c: {use: "null", from: [a, b]}
            """)
        #expect(Check.short(findings) == ["MR2003 2:1", "MR2104 4:29", "MR2302 5:24"])
    }

    @Test func `at most fifty findings are shown, errors before all`() {
        let keys = (0..<80).map { "k\($0): 1\n" }.joined()
        let (_, findings) = Check.yaml(start + keys)
        #expect(findings.count == 50)
        #expect(findings.allSatisfy { $0.severity == .error })
    }
}

private typealias Case = BrokenTopologyTests.Case

/// A source named `a` in line 3.
private let start = "millrace: 1\nnodes:\n  a: {use: generate}\n"
/// The same, read by a sink, for faults that concern no node.
private let whole = "\(start)  z: {use: \"null\", from: a}\n"
private let sink = "  z: {use: \"null\", from: b}\n"

private let files: [Case] = [
    Case("a tab", "MR2001", "nodes:\n§\ta: 1\n", next: "spaces"),
    Case("an open bracket", "MR2001", "nodes: [a, b\n§"),
    Case("a colon in a text", "MR2001", "description: a§: b\n", next: "quotes"),
    Case("two documents", "MR2001", "millrace: 1\n§---\nnodes: {}\n", next: "one topology"),
    Case("an unknown alias", "MR2001", "millrace: §*x\n"),
    Case("a control character", "MR2001", "name: §\u{1}\n"),
    Case("no map at all", "MR2004", "§- a\n- b\n"),
    Case("an empty file", "MR2004", "§"),
    Case("a key twice", "MR2002", "millrace: 1\nname: a\n§name: b\n"),
    Case("a node twice", "MR2002", "\(start)  §a: {use: stdin}\n"),
    Case(
        "a key twice in braces", "MR2002",
        "millrace: 1\nnodes:\n  a: {use: generate, §use: stdin}\n"),
    Case("a key twice, once quoted", "MR2002", "millrace: 1\n§\"millrace\": 1\nnodes: {}\n"),
    Case("a list as a key", "MR2004", "\(whole)§[a, b]: 1\n"),
    Case("a tag", "MR2006", "\(whole)name: §!!str 5\n", next: "quotes"),
    Case("a tag of one's own", "MR2006", "\(whole)name: §!thing x\n"),
    Case(
        "a merge key", "MR2006",
        "millrace: 1\nnodes:\n  a: &a {use: generate}\n  b: {§<<: *a}\n"),
    Case(
        "33 levels", "MR2005",
        String(repeating: "[", count: 32) + "§[" + String(repeating: "]", count: 33)),
    Case(
        "no version", "MR2009", "§nodes:\n  a: {use: generate}\n  z: {use: \"null\", from: a}\n",
        next: "millrace: 1"),
    Case("a newer version", "MR2007", "millrace: §2\nnodes: {}\n"),
    Case(
        "a version that is text", "MR2004",
        "millrace: §one\nnodes:\n  a: {use: generate}\n  z: {use: \"null\", from: a}\n"),
    Case("no nodes", "MR2009", "§millrace: 1\nname: a\n"),
    Case("nodes that are a list", "MR2004", "millrace: 1\nnodes:\n  §- a\n"),
    Case("empty nodes", "MR2009", "millrace: 1\n§nodes: {}\n"),
    Case("an unknown key", "MR2003", "\(whole)§arenaa: 1GiB\n", next: "did you mean `arena`"),
    Case(
        "an unknown key of a node", "MR2003",
        "millrace: 1\nnodes:\n  a: {use: generate, §paralelism: 2}\n", next: "`parallelism`"),
    Case(
        "an unknown key of an edge", "MR2003",
        "\(start)  b: {use: \"null\", from: {node: a, §queu: 8}}\n", next: "`queue`"),
    Case("a bad name", "MR2101", "\(whole)name: §Orders\n"),
    Case("a bad id", "MR2101", "millrace: 1\nnodes:\n  §A-b: {use: generate}\n"),
    Case("a node called errors", "MR2101", "millrace: 1\nnodes:\n  §errors: {use: generate}\n"),
    Case("a plugin range that is none", "MR2101", "\(whole)plugins: [§sample@~>1]\n"),
]

private let values: [Case] = [
    Case("an arena with a bad unit", "MR2108", "\(whole)arena: §1 gig\n"),
    Case("an arena that is too small", "MR2107", "\(whole)arena: §512\n"),
    Case(
        "an unknown plugin", "w:MR2304 MR3401",
        "millrace: 1\nnodes:\n  §a: {use: generate}\nplugins: [§sampel]\n", next: "`sample`"),
    Case(
        "an absent plugin version", "w:MR2304 MR3401",
        "millrace: 1\nnodes:\n  §a: {use: generate}\nplugins: [§sample@^2]\n", next: "1.0.0"),
    Case("a third kind of idle", "MR2107", "\(whole)idle: §spinn\n", next: "`spin`"),
    Case("no is text", "MR2004", "\(whole)pin: §no\n"),
    Case(
        "a quoted number", "MR2004",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {count: §\"5\"}}\n",
        next: "remove the quotes"),
    Case(
        "a number that is text", "MR2004",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {value: §5}}\n", next: "quotes: \"5\""),
    Case(
        "a rate without a unit", "MR2108",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {rate: §5}}\n", next: "`5/s`"),
    Case(
        "a parameter out of range", "MR2107",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {size: §2MiB}}\n", next: "0…1MiB"),
    Case(
        "a choice that is none", "MR2107",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {spread: §zipff}}\n", next: "`zipf`"),
    Case(
        "an unknown parameter", "MR2104",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {§cuont: 5}}\n",
        next: "did you mean `count` (whole number from 0)?"),
    Case(
        "a missing parameter", "MR2105", "\(start)  §b: {use: needy, from: a}\n",
        next: "The file"),
    Case(
        "an unset variable", "MR2401",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {value: §\"x${NO}\"}}\n"),
    Case(
        "an unset variable in plain text", "MR2401",
        "millrace: 1\nnodes:\n  a:\n    use: generate\n    with:\n      value: at §${NO}\n"),
    Case(
        "a variable with a reason", "MR2401",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {value: §\"${EMPTY:?say which}\"}}\n"),
    Case(
        "an unreadable file", "MR2402",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {value: §\"${file:/none}\"}}\n"),
    Case(
        "an open variable", "MR2403",
        "millrace: 1\nnodes:\n  a: {use: generate, with: {value: §\"${HOME\"}}\n"),
    Case(
        "a secret in the file", "w:MR2404",
        "millrace: 1\nnodes:\n  o: {use: orders}\n"
            + "  b: {use: fraud.score, from: o, with: {token: §abc}}\n"
            + "  c: {use: \"null\", from: [b.high, b.low]}\n"),
    Case(
        "a deprecated parameter", "w:MR2109",
        "\(start)  b: {use: old, from: a, with: {§n: 5}}\n\(sink)"),
    Case(
        "soft after hard", "MR2107",
        "millrace: 1\nnodes:\n  a: {use: generate, watchdog: §{soft: 2s, hard: 1s}}\n"),
    Case(
        "a queue that is no power of two", "MR2107",
        "\(start)  b: {use: \"null\", from: {node: a, queue: §1000}}\n", next: "write 1024"),
    Case(
        "too many tasks for anything", "MR2107",
        "\(start)  b: {use: \"null\", from: a, parallelism: §2000}\n"),
    Case(
        "too many tasks for the operator", "MR2107",
        "\(start)  b: {use: single, from: a, parallelism: §2}\n\(sink)"),
    Case(
        "memory above the largest record", "MR2107",
        "millrace: 1\nnodes:\n  a: {use: generate, output_memory: §9MiB}\n"),
]

private let graphs: [Case] = [
    Case("no operator", "MR2009", "millrace: 1\nnodes:\n  §a: {with: {}}\n"),
    Case(
        "an unknown operator", "MR2102", "millrace: 1\nnodes:\n  a: {use: §genrate}\n",
        next: "`generate`"),
    Case(
        "two operators that fit", "MR2103", "\(start)  b: {use: §send, from: a}\n",
        next: "`net.alpha.send`, `net.beta.send`"),
    Case(
        "no version in the range", "MR2102", "\(start)  b: {use: §versioned@^3, from: a}\n",
        next: "1.4.2, 2.0.0"),
    Case("a range that is none", "MR2101", "\(start)  b: {use: §versioned@x, from: a}\n"),
    Case("a partitioner as a node", "MR2102", "\(start)  b: {use: §modulo, from: a}\n"),
    Case(
        "an operator with unknown needs", "MR3005",
        "\(start)  b: {use: §timer, from: a}\n\(sink)"),
    Case(
        "an unknown producer", "w:MR2304 MR2302",
        "millrace: 1\nnodes:\n  §a: {use: generate}\n  b: {use: \"null\", from: §aa}\n",
        next: "`a`"
    ),
    Case(
        "an unknown port", "w:MR2304 MR2302",
        "millrace: 1\nnodes:\n  §a: {use: generate}\n  b: {use: \"null\", from: §a.uot}\n",
        next: "`out`"),
    Case(
        "a producer with two outputs", "w:MR2304 w:MR2304 MR2302",
        "millrace: 1\nnodes:\n  o: {use: orders}\n  §§b: {use: fraud.score, from: o}\n"
            + "  c: {use: \"null\", from: §b}\n", next: "`b.high`"),
    Case("a source that reads", "MR2302", "\(start)  b: {use: orders, §from: a}\n\(sink)"),
    Case(
        "a transform that reads nothing", "MR2009",
        "\(start)  §b: {use: pass}\n"
            + "  c: {use: \"null\", from: [a, b]}\n"),
    Case(
        "a sink that is read", "MR2302",
        "\(start)  b: {use: \"null\", from: a}\n  c: {use: \"null\", from: §b}\n"),
    Case(
        "one input of two", "MR2009",
        "\(start)  b: {use: join, §from: {node: a, input: left}}\n\(sink)", next: "input: right"),
    Case(
        "an unnamed input of two", "MR2302",
        "\(start)  b: {use: join, from: §a}\n\(sink)", next: "input: left"),
    Case(
        "a cycle", "MR2303",
        "\(start)  b: {use: pass, from: [§c, a]}\n  c: {use: pass, from: b}\n"),
    Case(
        "a node that reads itself", "MR2303",
        "\(start)  b: {use: pass, from: [a, §b]}\n"),
    Case(
        "types that differ", "MR2301",
        "\(start)  b: {use: fraud.score, from: §a}\n  c: {use: \"null\", from: [b.high, b.low]}\n",
        next: "put `json.decode` between them"),
    Case(
        "types that differ behind a node that passes on", "MR2301",
        "\(start)  b: {use: pass, from: a}\n  c: {use: text.sink, from: §b}\n",
        next: "`json.decode`"),
    Case(
        "a struct read as bytes", "w:MR2301",
        "millrace: 1\nnodes:\n  p: {use: points}\n  b: {use: lines, from: §p}\n\(sink)"),
    Case(
        "forward between unequals", "MR2306",
        "\(start)  b: {use: \"null\", parallelism: 2, from: {node: a, partition: §forward}}\n",
        next: "round_robin"),
    Case("an output that nobody reads", "w:MR2304", "\(start)  §b: {use: pass, from: a}\n"),
    Case(
        "a partitioner that is none", "MR2102",
        "\(start)  b: {use: \"null\", from: {node: a, partition: {use: §pass}}}\n"),
    Case(
        "a partition that is none", "MR2107",
        "\(start)  b: {use: \"null\", from: {node: a, partition: §hahs}}\n", next: "`hash`"),
    Case(
        "a key that is no path", "MR2004",
        "\(start)  b: {use: \"null\", from: {node: a, key: §\"a b\"}}\n"),
    Case(
        "more memory than the arena", "MR2307",
        "millrace: 1\nnodes:\n  a: {use: generate, parallelism: 8}\n"
            + "  b: {use: \"null\", from: a}\narena: §1MiB\n", next: "arena: 2MiB"),
    Case(
        "state that is not saved", "n:MR2008",
        "\(start)  b: {use: §keeper, from: a}\n\(sink)"),
    Case(
        "a process that is not given", "n:MR2008",
        "\(start)  b: {use: §lonely, from: a}\n\(sink)"),
]

private let notServed: [Case] =
    laterKeys + laterNodeKeys + [
        Case(
            "isolation", "MR2008",
            "millrace: 1\nnodes:\n  a: {use: generate, isolation: §process}\n"),
        Case("isolation by default", "MR2008", "\(whole)defaults: {isolation: §process}\n"),
        Case("retry by default", "MR2008", "\(whole)defaults: {§retry: {attempts: 2}}\n"),
        Case(
            "the errors of a node", "MR2008",
            "\(start)  b: {use: \"null\", from: [a, §a.errors]}\n"
        ),
        Case(
            "a C function", "MR2008",
            "\(start)  b: {use: §\"libm.so.6!sqrt(f64 = $value.x) -> f64\", from: a}\n"),
    ]

private let laterKeys: [Case] = ["dead_letter", "checkpoint", "restart", "metrics", "tests"].map {
    Case("the key \($0)", "MR2008", "\(whole)§\($0): {}\n", next: "remove it")
}

private let laterNodeKeys: [Case] = [
    "event_time", "window", "on_error", "retry", "log_level", "renamed_from", "place", "resources",
].map {
    Case(
        "the node key \($0)", "MR2008",
        "millrace: 1\nnodes:\n  a: {use: generate, §\($0): x}\n", next: "remove it")
}
