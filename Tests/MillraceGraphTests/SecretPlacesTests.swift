// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// No output shows a secret: not the message, not the line that it is about.
struct SecretPlacesTests {
    private func shown(_ source: TopologySource, overrides: [String] = []) -> String {
        let read = TopologyCheck.read(
            source, environment: Check.environment, overrides: overrides)
        let findings = TopologyCheck.inspect(
            read, catalog: SampleCatalog.all, options: CheckOptions(outside: Check.outside)
        ).findings
        #expect(!findings.isEmpty)
        return FindingText.render(
            findings, sources: read.texts, hidden: read.secretPlaces(SampleCatalog.all))
    }

    @Test(arguments: [
        // The node is broken before its parameters are looked at.
        "  b: {use: fraud.score, from: a, paralelism: 2, with: {token: hunter2}}\n",
        "  b: {use: fraud.score, from: a, with: {token: hunter2, tokn: 2}}\n",
        "  b: {use: fraud.score, from: a, with: {token: 'hunter2', tokn: 2}}\n",
        "  b: {use: fraud.score, from: a, with: {token: \"${NO:-hunter2}\", tokn: 2}}\n",
        "  b: {use: fraud.score, from: a, with: {token: \"pre${NO:-hunter2}\", tokn: 2}}\n",
        "  b: {use: vault, from: a, with: {login: {password: hunter2, usr: x}, pins: [x]}}\n",
        "  b: {use: vault, from: a, with: {pins: [hunter2, 5]}}\n",
        "  b: {use: filter, from: a, with: {where: x, hush: \"hunter2 ?\"}}\n",
        // Over several lines: the second one has a fault of its own.
        "  b: {use: fraud.score, from: a, with: {token: \"one\n      hunter2\", tokn: 2}}\n",
        "  b: {use: fraud.score, from: a, with: {token: one\n      hunter2, tokn: 2}}\n",
        "  b:\n    use: fraud.score\n    from: a\n    with:\n      token: |\n        hunter2\n"
            + "      tokn: 2\n",
    ])
    func `a line with a secret has stars in its place`(_ node: String) {
        let text = "millrace: 1\nnodes:\n  a: {use: orders}\n\(node)"
        #expect(text.contains("hunter2"))
        let shown = shown(.yaml(text: text, file: "t.yaml"))
        #expect(!shown.contains("hunter2"), "\(shown)")
    }

    @Test func `a word and an override have stars, too`() {
        let words = ["orders", "!", "fraud.score", "token=hunter2", "tokn=1"]
        let line = shown(.words(words))
        #expect(!line.contains("hunter2"))
        #expect(line.contains("token=******* tokn=1"))
        let text = "millrace: 1\nnodes:\n  a: {use: orders}\n  b: {use: fraud.score, from: a}\n"
        let set = shown(.yaml(text: text, file: "t.yaml"), overrides: ["b.token=hunter2"])
        #expect(!set.contains("hunter2"))
        #expect(set.contains("--set:1:9"))
        #expect(set.contains("b.token=*******"))
    }

    @Test func `what is no secret is shown`() {
        let text = "millrace: 1\nnodes:\n  a: {use: generate, with: {value: open, cuont: 2}}\n"
        #expect(shown(.yaml(text: text, file: "t.yaml")).contains("value: open"))
    }
}
