// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// The schema for editors, over all files that the checker is tested with.
struct TopologySchemaTests {
    private static let schema = TopologySchema.json(catalog: SampleCatalog.all)

    private func faults(_ yaml: String) throws -> [String] {
        var findings = Findings()
        let tree = YAMLReader.read(yaml, file: "t.yaml", findings: &findings)
        return SchemaCheck(Self.schema).faults(JSON(try #require(tree)))
    }

    @Test func `every valid file passes`() throws {
        var count = 0
        for one in TopologyCorpus.cases("valid") {
            guard case .yaml(let text, _) = one.source else { continue }
            #expect(try faults(text) == [], "\(one.name)")
            count += 1
        }
        for text in Faces.files { #expect(try faults(text) == []) }
        #expect(count >= 5)
    }

    /// Faults of shape that a schema can see; the rest is the checker's alone.
    private static let seen: Set<FailureCode> = [
        .unknownKey, .wrongType, .unknownParameter, .missingParameter, .wrongUnit,
    ]

    @Test func `broken files fail where the fault is one of shape`() throws {
        var refused: [String] = []
        for one in TopologyCorpus.cases("broken") {
            guard case .yaml(let text, _) = one.source else { continue }
            let codes = Set(one.check.findings.filter { $0.severity == .error }.map(\.failure.code))
            var ignored = Findings()
            guard codes.intersection(Self.seen) == codes, !codes.isEmpty,
                let tree = YAMLReader.read(text, file: "t.yaml", findings: &ignored)
            else { continue }
            let isSeen = !SchemaCheck(Self.schema).faults(JSON(tree)).isEmpty
            #expect(isSeen, "\(one.name) passes:\n\(text)")
            refused.append(one.name)
        }
        #expect(refused.count > 10, "\(refused)")
    }

    private func node(_ line: String) -> String {
        "millrace: 1\nnodes:\n  a: {\(line)}\n"
    }

    @Test(arguments: [
        "use: generate", "use: generate@^1, with: {count: 0, rate: 1k/s, size: 4KiB}",
        "use: fraud.score, with: {threshold: \"${T}\", tags: [a], start: {at: x}, limits: {n: 1}}",
        "use: com.example.fraud.score, with: {wait: 1h30m, token: \"${file:/x}\"}",
        "use: score@1, with: {threshold: 1}", "use: generate, with: null",
        "use: generate, with: {size: 100, spread: \"${S:-zipf}\", count: 1e3}",
        "use: \"libm.so.6!sqrt(f64 = $value) -> f64 = $value\"",
        "use: needy, with: {path: x}, from: null", "use: alpha.send@1.0 <2, from: b.errors",
        "use: pass, from: [b, {node: c, partition: {use: modulo}, queue: 64, key: [a, b.c]}]",
        "use: pass, retry: {attempts: 3, backoff: 1s..2s}, window: {fixed: 1m, emit: on_close}",
    ])
    func `a good node passes`(_ line: String) throws {
        #expect(try faults(node(line)) == [])
    }

    @Test(arguments: [
        "with: {count: 1}", "use: generate, wth: {}", "use: generate, with: {cout: 3}",
        "use: generate, with: {count: \"3\"}", "use: generate, with: {count: -1}",
        "use: generate, with: {count: 1.5}", "use: generate, with: {rate: 5}",
        "use: generate, with: {spread: zip}", "use: generate, with: {value: 1}",
        "use: generate, with: {size: 1Kb}", "use: generate, with: [1]", "use: genrate",
        "use: send", "use: modulo", "use: needy", "use: needy, with: {}",
        "use: fraud.score, with: {wait: 5}", "use: fraud.score, with: {tags: [a, b, c, d]}",
        "use: fraud.score@1, with: {start: {fast: true}}", "use: pass, parallelism: 0",
        "use: fraud.score, with: {limits: {n: x}}", "use: pass, parallelism: two",
        "use: pass, from: 5", "use: pass, from: {partition: hash}", "use: pass, from: {node: \"\"}",
        "use: pass, from: {node: a, queue: 100}", "use: pass, from: {node: a, partition: hsh}",
        "use: pass, from: {node: a, partition: {use: pass}}", "use: pass, isolation: own",
        "use: pass, watchdog: {soft: 5}", "use: pass, window: {fixed: 1}",
        "use: pass, output_memory: lots",
    ])
    func `a bad node fails`(_ line: String) throws {
        #expect(try faults(node(line)) != [])
    }

    @Test func `a file needs its version and a node`() throws {
        #expect(try faults("nodes: {a: {use: generate}}") != [])
        #expect(try faults("millrace: 1\n") != [])
        #expect(try faults("millrace: 2\nnodes: {a: {use: generate}}") != [])
        #expect(try faults("millrace: 1\nnodes: {}") != [])
        #expect(try faults("millrace: 1\nnodes: {A: {use: generate}}") != [])
        #expect(try faults("millrace: 1\nnodes: {a: {use: generate}}\nname: A") != [])
        #expect(try faults("millrace: 1\nnodes: {a: {use: generate}}\nnme: a") != [])
    }

    @Test func `an editor is told about secrets, defaults and keys of later releases`() {
        let text = Faces.text(Self.schema)
        #expect(text.contains("\"writeOnly\": true"))
        #expect(text.contains("Secret: write ${file:/path/of/the/secret} or ${VARIABLE}."))
        #expect(text.contains("NOT SERVED BY THIS RELEASE: remove it, and let a sink"))
        #expect(text.contains("\"const\": \"com.example.fraud.score\""))
        #expect(Self.schema["properties"]?["idle"]?["default"] == .string("adaptive"))
        #expect(Self.schema["properties"]?["threads"]?["maximum"] == .int(1024))
    }

    @Test func `a catalog without operators gives a schema all the same`() throws {
        let schema = TopologySchema.json(catalog: [])
        #expect(schema["definitions"] != nil)
        let value = JSON.object([
            .init("millrace", .int(1)),
            .init("nodes", .object([.init("a", .object([.init("use", .string("x!y("))]))])),
        ])
        #expect(SchemaCheck(schema).faults(value).isEmpty)
    }
}
