// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceGraph

struct RedactionTests {
    private func redacted(_ text: String, _ secrets: [String], isCut: Bool = false) -> String {
        let bytes = Redaction(secrets).redacted(Array(text.utf8), isCut: isCut)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a secret is taken out wherever it stands`() {
        #expect(redacted("hunter2", ["hunter2"]) == "***")
        #expect(redacted("a hunter2 b hunter2hunter2", ["hunter2"]) == "a *** b ******")
        #expect(redacted("hunter", ["hunter2"]) == "hunter")
        #expect(redacted("as is", []) == "as is")
        #expect(redacted("as is", [""]) == "as is")
    }

    @Test func `the longer one of two goes first`() {
        #expect(redacted("x hunter2 y hunter z", ["hunter", "hunter2"]) == "x *** y *** z")
    }

    @Test func `a secret is found in a JSON text that writes it with escapes`() {
        #expect(redacted(#"{"p":"a\"b\\c"}"#, [#"a"b\c"#]) == #"{"p":"***"}"#)
        #expect(redacted(#"{"p":"a\n\u001bc"}"#, ["a\n\u{1B}c"]) == #"{"p":"***"}"#)
    }

    @Test func `the beginning of a secret at the end of what was cut is one`() {
        #expect(redacted("key=hunt", ["hunter2"], isCut: true) == "key=***")
        #expect(redacted("key=hunt", ["hunter2"]) == "key=hunt")
    }

    @Test func `secrets are those of every node and partitioner, at any depth`() {
        func secret(_ name: String) -> ParameterDescription {
            ParameterDescription(name: name, kind: .string, secret: true)
        }
        let nested = ParameterDescription(
            name: "servers", kind: .list,
            item: [ParameterDescription(name: "", kind: .object, fields: [secret("token")])])
        let plugin = PluginReference(name: "t", version: "1.0.0", sha256: "", path: "", copy: "")
        func node(_ parameters: [ParameterDescription], _ config: JSON) -> PlannedNode {
            PlannedNode(
                id: "n",
                operation: OperatorDescription(
                    id: "t", version: "1.0.0", kind: .transform, parameters: parameters,
                    inputs: [], outputs: []), plugin: plugin, config: config)
        }
        var plan = Plan(
            job: "j", name: "n",
            nodes: [
                node([secret("password")], .object([.init("password", .string("alpha"))])),
                node(
                    [nested],
                    .object([
                        .init(
                            "servers",
                            .array([
                                .object([
                                    .init("token", .string("beta")), .init("host", .string("open")),
                                ])
                            ]))
                    ])),
                node([secret("pin")], .object([.init("pin", .int(4711))])),
            ], edges: [], threads: 1)
        plan.edges = [
            PlannedEdge(
                from: 0, to: 1, partition: .custom,
                partitioner: .init(
                    operation: plan.nodes[0].operation, plugin: plugin,
                    config: .object([.init("password", .string("gamma"))])))
        ]
        let text = "alpha beta gamma 4711 open"
        let bytes = Redaction(plan).redacted(Array(text.utf8))
        #expect(String(decoding: bytes, as: UTF8.self) == "*** *** *** *** open")
    }
}
