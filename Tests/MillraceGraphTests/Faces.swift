// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Short forms for tests of the forms that a topology has.
enum Faces {
    static let options = CheckOptions(name: "t", processors: 2)

    static func inspect(_ source: TopologySource, overrides: [String] = []) -> Inspection {
        var options = options
        options.overrides = overrides
        return TopologyCheck.inspect(
            source, catalog: SampleCatalog.all, environment: Check.environment, options: options)
    }

    static func inspect(_ yaml: String, overrides: [String] = []) -> Inspection {
        inspect(.yaml(text: yaml, file: "t.yaml"), overrides: overrides)
    }

    static func inspect(_ words: [String]) -> Inspection { inspect(.words(words)) }

    static func resolved(_ inspection: Inspection) -> ResolvedTopology? {
        ResolvedTopology(inspection, environment: Check.environment, options: options)
    }

    static func written(_ inspection: Inspection) -> String? {
        TopologyWriter.document(inspection).map(YAMLDocument.text)
    }

    static func findings(_ inspection: Inspection) -> String {
        FindingText.render(inspection.findings, sources: [:])
    }

    /// A JSON value as text: enough to compare and to read back.
    static func text(_ json: JSON) -> String {
        switch json {
        case .null: return "null"
        case .bool(let flag): return "\(flag)"
        case .int(let number): return "\(number)"
        case .double(let number): return "\(number)"
        case .string(let text):
            var out = "\""
            for scalar in text.unicodeScalars {
                if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" {
                    let digits = String(scalar.value, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
            return out + "\""
        case .array(let items): return "[" + items.map(text).joined(separator: ",") + "]"
        case .object(let members):
            let parts = members.map { "\(text(.string($0.name))): \(text($0.value))" }
            return "{" + parts.joined(separator: ",") + "}"
        }
    }

    /// Each has something of its own, and all of them run.
    static let files: [String] = [
        """
        millrace: 1
        name: orders-alerts
        description: |
          Two lines,
            the second with spaces.
        defaults: {parallelism: 2, queue: 64, watchdog: {soft: 1s, hard: 5s}}
        nodes:
          orders: {use: orders}
          score:
            use: fraud.score
            description: "no: yes # maybe"
            from: [{node: orders, partition: hash, key: customer.id, queue: 128}]
            with: {threshold: "${RATIO}", wait: 250ms, tags: [a, "no", "1"], limits: {b: 2, a: 1}}
            parallelism: 4
          single: {use: single, from: score.high}
          sink: {use: "null", from: [single, score.low]}
        arena: 64MiB
        threads: 3
        """,
        """
        millrace: 1
        nodes:
          a: {use: generate, with: {count: 0x10, rate: 200/m, size: 1kB, spread: zipf}}
          b: {use: generate, with: {rate: 1/h, value: "${HOME}/$${x} $"}, loop: 0}
          joined:
            use: join
            from:
            - {node: a, input: left, partition: {use: modulo}}
            - {node: b, input: right, partition: round_robin}
            parallelism: 3
          end: {use: "null", from: joined, watchdog: {soft: 2ms}}
        pin: true
        idle: spin
        """,
        """
        millrace: 1
        nodes:
          in: {use: orders, output_memory: 8MiB}
          z: {use: pass, from: {node: in, key: x}, parallelism: 2}
          a: {use: pass, from: {node: in, key: y}, parallelism: 2}
          score:
            use: com.example.fraud.score
            from: in
            with: {token: "${file:/secret}", start: {at: "2026-01-01", fast: true}}
          out: {use: net.alpha.send, from: [z, a, score.high, score.low]}
        """,
    ]
}
