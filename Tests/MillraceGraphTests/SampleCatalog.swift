// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Operators to check topologies against: small, and each with something of its own.
enum SampleCatalog {
    static let bytes = PortDescription(name: "in", doc: "Records")
    static let out = PortDescription(name: "out", doc: "Records")

    static func entry(_ operation: OperatorDescription, version: String = "1.0.0") -> CatalogEntry {
        CatalogEntry(
            operation: operation,
            plugin: PluginReference(
                name: "sample", version: version, sha256: "00", path: "sample.so", copy: "copy.so"))
    }

    static func operation(
        _ id: String, _ kind: OperatorDescription.Kind, version: String = "1.0.0",
        flags: OperatorDescription.Flags = [], parameters: [ParameterDescription] = [],
        inputs: [PortDescription]? = nil, outputs: [PortDescription]? = nil, most: Int = 0,
        extensions: [String] = []
    ) -> OperatorDescription {
        let hasInput = kind == .transform || kind == .sink
        let hasOutput = kind == .transform || kind == .source
        return OperatorDescription(
            id: id, version: version, kind: kind, flags: flags, parameters: parameters,
            inputs: inputs ?? (hasInput ? [bytes] : []),
            outputs: outputs ?? (hasOutput ? [out] : []), parallelismMax: most,
            extensions: extensions)
    }

    static func port(_ name: String, _ schema: String?, optional: Bool = false) -> PortDescription {
        PortDescription(name: name, doc: "A port", schema: schema, optional: optional)
    }

    static let generate = operation(
        "generate", .source,
        parameters: [
            ParameterDescription(name: "count", kind: .int, minimum: "0"),
            ParameterDescription(name: "rate", kind: .rate, maximum: "1G/s"),
            ParameterDescription(
                name: "size", kind: .size, defaultValue: "100", minimum: "0", maximum: "1MiB"),
            ParameterDescription(
                name: "spread", kind: .enum, defaultValue: "round_robin",
                choices: [.init(value: "round_robin", doc: ""), .init(value: "zipf", doc: "")]),
            ParameterDescription(name: "value", kind: .string),
        ], extensions: ["millrace.source/1"])

    static let score = operation(
        "com.example.fraud.score", .transform,
        parameters: [
            ParameterDescription(
                name: "threshold", kind: .float, defaultValue: "0.5", minimum: "0", maximum: "1"),
            ParameterDescription(name: "token", kind: .string, secret: true),
            ParameterDescription(name: "wait", kind: .duration, minimum: "1ms", maximum: "1h"),
            ParameterDescription(
                name: "tags", kind: .list, maximum: "3",
                item: [ParameterDescription(name: "tag", kind: .string)]),
            ParameterDescription(
                name: "start", kind: .object,
                fields: [
                    ParameterDescription(name: "at", kind: .string, required: true),
                    ParameterDescription(name: "fast", kind: .bool, defaultValue: "false"),
                ]),
            ParameterDescription(
                name: "limits", kind: .map, item: [ParameterDescription(name: "n", kind: .int)]),
        ],
        inputs: [port("in", "json")], outputs: [port("high", "json"), port("low", "json")])

    static let all: [CatalogEntry] = [
        generate,
        operation("stdin", .source, flags: .blocks, outputs: [port("out", "bytes")], most: 1),
        operation("orders", .source, outputs: [port("out", "json")]),
        operation("points", .source, outputs: [port("out", "struct{f64 x, f64 y}")]),
        operation(
            "pass", .transform, inputs: [port("in", "any")], outputs: [port("out", "same(in)")]),
        operation(
            "native", .transform,
            parameters: [ParameterDescription(name: "program", kind: .string, required: true)],
            inputs: [port("in", "any")], outputs: [port("out", "same(in)")]),
        operation("lines", .transform, outputs: [port("out", "text")]),
        operation("json.decode", .transform, outputs: [port("out", "json")]),
        operation(
            "key", .transform,
            parameters: [
                ParameterDescription(name: "field", kind: .field),
                ParameterDescription(
                    name: "fields", kind: .list, minimum: "1", maximum: "16",
                    item: [ParameterDescription(name: "field", kind: .field)]),
                ParameterDescription(name: "prefix", kind: .size),
            ], inputs: [port("in", "any")], outputs: [port("out", "same(in)")]),
        operation(
            "filter", .transform,
            parameters: [
                ParameterDescription(name: "where", kind: .expression, required: true),
                ParameterDescription(
                    name: "also", kind: .list,
                    item: [ParameterDescription(name: "e", kind: .expression)]),
                ParameterDescription(name: "by", kind: .field),
                ParameterDescription(name: "hush", kind: .expression, secret: true),
            ], inputs: [port("in", "any")], outputs: [port("out", "same(in)")]),
        operation(
            "vault", .transform,
            parameters: [
                ParameterDescription(
                    name: "pins", kind: .list, secret: true, maximum: "2",
                    item: [ParameterDescription(name: "pin", kind: .int, maximum: "9999")]),
                ParameterDescription(
                    name: "login", kind: .object,
                    fields: [
                        ParameterDescription(name: "user", kind: .string),
                        ParameterDescription(name: "password", kind: .string, secret: true),
                    ]),
            ], inputs: [port("in", "any")], outputs: [port("out", "same(in)")]),
        operation("join", .transform, inputs: [port("left", "any"), port("right", "any")]),
        operation("slow", .transform, flags: .blocks),
        operation("single", .transform, most: 1),
        operation("lonely", .transform, flags: .isolate),
        operation(
            "counted", .transform, inputs: [port("in", "any")], outputs: [port("out", "same(in)")],
            extensions: ["millrace.keyed-state/1"]),
        operation("windowed", .transform, extensions: ["millrace.window/1"]),
        operation(
            "old", .transform,
            parameters: [ParameterDescription(name: "n", kind: .int, deprecated: "write `m`")]),
        operation(
            "needy", .transform,
            parameters: [
                ParameterDescription(name: "path", kind: .string, doc: "The file", required: true)
            ]),
        operation("net.alpha.send", .sink),
        operation("net.beta.send", .sink),
        operation("null", .sink, inputs: [port("in", "any")]),
        operation("stdout", .sink, flags: .blocks, most: 1),
        operation("text.sink", .sink, inputs: [port("in", "text")]),
        operation("modulo", .partitioner, extensions: ["millrace.partition/1"]),
        operation("versioned", .transform, version: "1.4.2"),
        operation("versioned", .transform, version: "2.0.0"),
        score,
    ].map { entry($0) }
}

/// Short forms for what the tests do all the time.
enum Check {
    static let environment = TopologyEnvironment(
        variable: { ["HOME": "/home/a", "EMPTY": "", "N": "7", "RATIO": "0.25"][$0] },
        file: { (path) throws(Failure) in
            if path == "/secret" { return "hush\n" }
            throw Failure(.fileUnreadable, "\(path): no such file")
        })

    /// In place of the reader of expressions: `?` cannot be read.
    static let outside: OutsideChecks = {
        var outside = OutsideChecks()
        outside.expression = { text in
            guard let place = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
            return OutsideChecks.TextFault(
                offset: text.utf8.distance(from: text.startIndex, to: place), length: 1,
                text: "expected a value, found `?`", next: "write a field, a number or a text")
        }
        outside.path = pathFault
        return outside
    }()

    /// In place of the reader of paths.
    @Sendable private static func pathFault(_ text: String) -> OutsideChecks.TextFault? {
        let bytes = Array(text.utf8)
        var index = 0
        func fault(_ said: String) -> OutsideChecks.TextFault {
            OutsideChecks.TextFault(
                offset: index, length: index < bytes.count ? 1 : 0, text: said,
                next: "write `name`, `customer.id` or `items[0].sku`")
        }
        func isName(_ byte: UInt8) -> Bool { byte > 0x20 && !".[]\"'".utf8.contains(byte) }
        while true {
            let start = index
            while index < bytes.count, isName(bytes[index]) { index += 1 }
            if index == start { return fault("expected the name of a field") }
            while index < bytes.count, bytes[index] == UInt8(ascii: "[") {
                index += 1
                let digits = index
                while index < bytes.count, (48...57).contains(bytes[index]) { index += 1 }
                if index == digits { return fault("expected a number, the place in a list") }
                guard index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
                    return fault("expected `]`")
                }
                index += 1
            }
            if index == bytes.count { return nil }
            guard bytes[index] == UInt8(ascii: ".") else {
                return fault("expected `.` or the end of the path")
            }
            index += 1
        }
    }

    static func yaml(
        _ text: String, overrides: [String] = [], environment: TopologyEnvironment = environment
    ) -> (plan: Plan?, findings: [Finding]) {
        TopologyCheck.run(
            .yaml(text: text, file: "t.yaml"), catalog: SampleCatalog.all,
            environment: environment,
            options: CheckOptions(name: "t", overrides: overrides, outside: outside))
    }

    /// Words apart by spaces; a word in brackets may contain some, as in quotes of a shell.
    static func line(_ words: String) -> (plan: Plan?, findings: [Finding]) {
        var split: [String] = []
        for word in words.split(separator: " ") {
            if let last = split.last, last.hasPrefix("["), !last.hasSuffix("]"), last != "[" {
                split[split.count - 1] += " \(word)"
            } else {
                split.append(String(word))
            }
        }
        return TopologyCheck.run(
            .words(split), catalog: SampleCatalog.all, environment: environment,
            options: CheckOptions(name: "t", outside: outside))
    }

    /// `MR2104 3:12`, errors only, then warnings with a `w` and notices with an `n`.
    static func short(_ findings: [Finding]) -> [String] {
        findings.map { finding in
            let mark = finding.failure.mark
            let place = mark.map { "\($0.line):\($0.column)" } ?? "-"
            let letter =
                switch finding.severity {
                case .error: ""
                case .warning: "w "
                case .notice: "n "
                }
            return "\(letter)\(finding.failure.code) \(place)"
        }
    }
}
