// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

@testable import MillraceAPI

@Suite struct ExplainerTests {
    private static let score = OperatorDescription(
        id: "com.example.fraud.score", version: "1.2.0", title: "Score",
        description: "Gives each order a risk. Slow orders are `late`.",
        example: "{ use: fraud.score, from: orders }", kind: .transform,
        flags: [.stateless, .blocks],
        parameters: [
            ParameterDescription(
                name: "threshold", kind: .float, doc: "From here on it is high.", live: true,
                defaultValue: "0.5", minimum: "0", maximum: "1"),
            ParameterDescription(
                name: "key", kind: .string, doc: "Of the service.", required: true, secret: true,
                example: "it's"),
            ParameterDescription(
                name: "mode", kind: .enum, doc: "How.", defaultValue: "fast",
                choices: [.init(value: "fast", doc: "guess"), .init(value: "a|b", doc: "")]),
            ParameterDescription(
                name: "headers", kind: .list, doc: "Sent along.",
                item: [
                    ParameterDescription(
                        name: "item", kind: .object,
                        fields: [ParameterDescription(name: "name", kind: .string)])
                ]),
        ],
        inputs: [PortDescription(name: "in", doc: "Orders.", schema: "json")],
        outputs: [
            PortDescription(name: "high", doc: "Risky.", schema: "same(in)"),
            PortDescription(name: "late", doc: "Slow.", schema: "struct{f64 x}", optional: true),
        ], parallelismMax: 1)

    private static func entry(_ operation: OperatorDescription) -> CatalogEntry {
        CatalogEntry(
            operation: operation,
            plugin: PluginReference(
                name: "fraud", version: "1.3.0", sha256: "00", path: "/p/libfraud.so", copy: ""))
    }

    private let explainer = Explainer(
        catalog: [
            entry(score), entry(OperatorDescription(id: "field", version: "1.0.0", kind: .sink)),
            entry(OperatorDescription(id: "risk.score", version: "1.0.0", kind: .source)),
            entry(OperatorDescription(id: "top", version: "1.0.0", kind: .transform)),
        ],
        commands: [
            Subject(.command, "plugin list", title: "List plugins") {
                Subject.Page(markdown: "# plugin list\n", json: .null)
            },
            Subject(.command, "top", title: "Look on") {
                Subject.Page(markdown: "# top\n", json: .null)
            },
        ])

    @Test(
        arguments: [
            (["com.example.fraud.score"], .operator, "com.example.fraud.score"),
            (["fraud.score"], .operator, "com.example.fraud.score"),
            (["mr2104"], .code, "MR2104"), (["2104"], .code, "MR2104"),
            (["checkpoint.every"], .key, "checkpoint.every"),
            (["node.use"], .key, "nodes.use"), (["renamed_from"], .key, "nodes.renamed_from"),
            (["plugin", "list"], .command, "plugin list"),
            (["millrace", "plugin", "list"], .command, "plugin list"),
            (["units"], .topic, "units"), (["$NO_COLOR"], .variable, "NO_COLOR"),
            (["command", "top"], .command, "top"), (["operators", "top"], .operator, "top"),
        ] as [([String], Subject.Kind, String)])
    func `a subject is found by its name, and by what else it is called`(
        _ words: [String], _ kind: Subject.Kind, _ name: String
    ) throws {
        let found = try explainer.find(words)
        #expect(found.map(\.name) == [name])
        #expect(found.first?.kind == kind)
    }

    @Test func `a name that several kinds have gives all of them, operators first`() throws {
        #expect(try explainer.find(["top"]).map(\.kind) == [.operator, .command])
    }

    @Test func `the end of several names is refused with all of them`() {
        let failure = #expect(throws: Failure.self) { try explainer.find(["score"]) }
        #expect(failure?.code == .ambiguousTarget)
        #expect(failure?.next == "explain one of `com.example.fraud.score`, `risk.score`")
    }

    @Test func `an unknown name is refused with the nearest ones of all kinds`() {
        let failure = #expect(throws: Failure.self) { try explainer.find(["MR2014"]) }
        #expect(failure?.code == .nothingToExplain && failure?.code.exitCode == 64)
        #expect(failure?.next == "did you mean `MR2004` or `MR2104` or `MR1004`?")
        let lost = #expect(throws: Failure.self) { try explainer.find(["code", "qqqqqqq"]) }
        #expect(lost?.next == "millrace explain says what there is")
    }

    @Test func `the page of an operator has all that its descriptor says`() throws {
        let page = try explainer.find(["fraud.score"])[0].page().markdown
        #expect(
            page == """
                # com.example.fraud.score

                Gives each order a risk. Slow orders are `late`.

                * a transform of the plugin `fraud` 1.3.0, itself of version 1.2.0
                * at most 1 task
                * keeps no state
                * may wait inside a call: each task has a thread of its own

                ## Ports

                | port |  | type | what |
                | --- | --- | --- | --- |
                | `in` | input | json | Orders. |
                | `high` | output | as `in` | Risky. |
                | `late` | output | struct{f64 x} | Slow. Need not be connected. |

                ## Parameters

                | name | type | default | what it sets |
                | --- | --- | --- | --- |
                | `threshold` | number 0…1 | `0.5` | From here on it is high. \
                Can be changed while the job runs. |
                | `key` | text | required | Of the service. Secret: never printed. \
                Example: `it's`. |
                | `mode` | one of fast, a\\|b | `fast` | How. |
                | `headers` | list |  | Sent along. |
                | `headers[]` | map |  |  |
                | `headers[].name` | text |  |  |

                Choices of `mode`:

                * `fast`: guess
                * `a|b`

                ## Example

                As a node of a topology:

                ```text
                com_example_fraud_score: { use: fraud.score, from: orders }
                ```

                As a line to try:

                ```sh
                millrace run generate count=5 value='{"amount":250}' ! json.decode \
                ! com.example.fraud.score key='it'\\''s' ! stdout
                ```

                """)
    }

    @Test func `as JSON an operator has its parameters with their bounds`() throws {
        let json = try explainer.find(["fraud.score"])[0].page().json
        guard case .array(let parameters) = json["parameters"] else {
            Issue.record("no parameters")
            return
        }
        #expect(parameters.count == 4)
        #expect(parameters[0]["maximum"] == .string("1"))
        #expect(parameters[1]["secret"] == .bool(true))
        #expect(json["plugin"]?["name"] == .string("fraud"))
    }

    @Test func `the page of a key says what it takes and where it stands`() throws {
        let page = try explainer.find(["nodes.watchdog.hard"])[0].page().markdown
        #expect(page.hasPrefix("# nodes.watchdog.hard\n\n"))
        #expect(page.contains("* type: duration"))
        #expect(page.contains("nodes:\n  NAME:\n    watchdog:\n      hard: "))
        let later = try explainer.find(["nodes.window.results"])[0].page().markdown
        #expect(later.contains("* not served by this release: "))
        let guarantee = try explainer.find(["checkpoint.guarantee"])[0].page().markdown
        #expect(guarantee.contains("* `at_least_once`: none is lost, some may come twice\n"))
    }

    @Test func `every code has a page, with its exit status and three sections`() {
        for code in FailureCode.allCases {
            #expect(!ErrorPages.title(of: code).isEmpty, "\(code)")
            for heading in ["What it means", "How to fix it", "Example"] {
                #expect(!ErrorPages.section(heading, of: code).isEmpty, "\(code) \(heading)")
            }
        }
        let pages = ErrorPages.subjects.map { $0.page().markdown }
        #expect(pages.count == FailureCode.allCases.count)
        #expect(pages.allSatisfy { $0.contains("\n\nExit status ") })
        #expect(pages.first?.hasPrefix("# MR1001 unknown job\n\nExit status 64: ") == true)
    }

    @Test func `names are unique within a kind, and each is found by itself`() throws {
        for kind in Subject.Kind.allCases {
            let names = explainer.list(kind).map(\.name)
            #expect(!names.isEmpty && Set(names).count == names.count)
            for name in names {
                let found = try explainer.find([kind.rawValue, name])
                #expect(found.map(\.name) == [name])
            }
        }
    }

    @Test func `every page begins with its heading and closes its fences`() {
        for kind in Subject.Kind.allCases {
            for subject in explainer.list(kind) {
                let lines = subject.page().markdown.split(separator: "\n")
                #expect(lines.first?.hasPrefix("# ") == true, "\(subject.name)")
                #expect(lines.count { $0.hasPrefix("```") } % 2 == 0, "\(subject.name)")
                #expect(!subject.title.isEmpty && !subject.title.hasSuffix("."), "\(subject.name)")
                #expect(!subject.title.contains("\n"), "\(subject.name)")
            }
        }
    }

    @Test func `a reference has a table of contents and each page one level deeper`() {
        let text = explainer.reference(.operator)
        #expect(
            text.hasPrefix("# Operators\n\n| operator | about |"))
        #expect(text.contains("[`risk.score`](#riskscore)"))
        #expect(text.contains("\n## com.example.fraud.score\n"))
        #expect(text.contains("\n### Parameters\n"))
        let codes = explainer.reference(.code)
        #expect(codes.contains("| [MR1001](../errors/MR1001.md) | unknown job | 64 |\n"))
    }
}
