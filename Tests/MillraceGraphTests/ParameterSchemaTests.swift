// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// One parameter `p`, one value, what becomes of it.
struct ParameterSchemaTests {
    /// `value` as it stands in a file behind `p: `, and JSON or the code of the refusal.
    @Test(arguments: table)
    func `a value takes the type of its parameter or is refused`(_ row: Row) {
        let (json, findings) = check(row.parameter, row.value)
        let found = findings.first { $0.severity == .error }?.failure.code.description
        #expect(found ?? json.map(Self.text) == row.expected, "\(findings)")
        #expect(found == nil || json == nil)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var parameter: ParameterDescription
        var value: String
        var expected: String
        var testDescription: String { "\(parameter.kind) \(value)" }

        init(
            _ kind: ParameterDescription.Kind, _ value: String, _ expected: String,
            _ bounds: (String, String)? = nil
        ) {
            parameter = ParameterDescription(
                name: "p", kind: kind, minimum: bounds?.0, maximum: bounds?.1,
                choices: kind == .enum
                    ? [.init(value: "a", doc: ""), .init(value: "1", doc: "")] : [],
                item: [ParameterDescription(name: "i", kind: .int)],
                fields: [
                    ParameterDescription(name: "x", kind: .int, required: true),
                    ParameterDescription(name: "y", kind: .duration, defaultValue: "1s"),
                ])
            self.value = value
            self.expected = expected
        }
    }

    static let table: [Row] = [
        Row(.bool, "true", "true"), Row(.bool, "no", "MR2004"), Row(.bool, "\"true\"", "MR2004"),
        Row(.bool, "\"${FLAG}\"", "true"), Row(.bool, "1", "MR2004"),
        Row(.int, "42", "42"), Row(.int, "-0x10", "MR2004"), Row(.int, "0xff", "255"),
        Row(.int, "0o17", "15"), Row(.int, "1e6", "1000000"), Row(.int, "1.5", "MR2004"),
        Row(.int, "\"5\"", "MR2004"), Row(.int, "\"${N}\"", "7"), Row(.int, "1${N}", "MR2004"),
        Row(.int, "99999999999999999999", "MR2107"), Row(.int, "5", "5", ("5", "5")),
        Row(.int, "4", "MR2107", ("5", "6")), Row(.int, "7", "MR2107", ("5", "6")),
        Row(.float, "0.5", "0.5"), Row(.float, "1", "1.0"), Row(.float, "\"${RATIO}\"", "0.25"),
        Row(.float, ".inf", "MR2107"), Row(.float, "1.0", "1.0", ("0", "1")),
        Row(.float, "1.01", "MR2107", ("0", "1")), Row(.float, "[]", "MR2004"),
        Row(.string, "abc", "\"abc\""), Row(.string, "no", "\"no\""), Row(.string, "5", "MR2004"),
        Row(.string, "\"5\"", "\"5\""), Row(.string, "2026-01-01", "\"2026-01-01\""),
        Row(.string, "null", "MR2004"), Row(.string, "ab", "MR2107", ("3", "5")),
        Row(.string, "${HOME}/x", "\"/home/a/x\""), Row(.string, "$$x $y", "\"$x $y\""),
        Row(.string, "\"${EMPTY:-d}\"", "\"d\""), Row(.string, "\"${file:/secret}\"", "\"hush\""),
        Row(.string, "\"${N}\"", "\"7\""),
        Row(.enum, "a", "\"a\""), Row(.enum, "1", "\"1\""), Row(.enum, "b", "MR2107"),
        Row(.duration, "1h30m", "5400000000000"), Row(.duration, "10", "MR2108"),
        Row(.duration, "0", "0"), Row(.duration, "1 hour", "MR2108"),
        Row(.duration, "250ms", "MR2107", ("1s", "1h")),
        Row(.duration, "1s", "1000000000", ("1s", "1h")),
        Row(.size, "512", "512"), Row(.size, "64KiB", "65536"), Row(.size, "5XB", "MR2108"),
        Row(.size, "2MiB", "MR2107", ("1", "1MiB")), Row(.size, "1MiB", "1048576", ("1", "1MiB")),
        Row(.rate, "1k/s", "1000.0"), Row(.rate, "60/m", "1.0"), Row(.rate, "5", "MR2108"),
        Row(.rate, "2k/s", "MR2107", ("1/s", "1k/s")),
        Row(.expression, "a > 1", "\"a > 1\""), Row(.expression, "true", "\"true\""),
        Row(.field, "items[0].sku", "\"items[0].sku\""), Row(.field, "a..b", "MR2504"),
        Row(.list, "[1, 2]", "[1,2]"), Row(.list, "[1, x]", "MR2004"), Row(.list, "5", "MR2004"),
        Row(.list, "[1, 2, 3]", "MR2107", ("0", "2")), Row(.list, "\"[1]\"", "MR2004"),
        Row(.map, "{a: 1, b: 2}", "{\"a\":1,\"b\":2}"), Row(.map, "[1]", "MR2004"),
        Row(.object, "{x: 1}", "{\"x\":1,\"y\":1000000000}"), Row(.object, "{y: 2s}", "MR2105"),
        Row(.object, "{x: 1, z: 2}", "MR2104"), Row(.object, "x", "MR2004"),
    ]

    @Test func `a word takes the type of its parameter`() {
        let plan = Check.line(
            "generate count=1e3 value=5 rate=2M/s size=1KiB ! null"
        ).plan
        #expect(
            plan?.nodes[0].config
                == .object([
                    .init("count", .int(1_000)), .init("rate", .double(2_000_000)),
                    .init("size", .int(1_024)), .init("spread", .string("round_robin")),
                    .init("value", .string("5")),
                ]))
    }

    @Test func `a secret is listed and its value is in no message`() throws {
        let parameter = ParameterDescription(
            name: "p", kind: .string, secret: true, minimum: "10", maximum: "20")
        #expect(ParameterSchema(use: "o", parameters: [parameter]).secrets == ["p"])
        let (_, findings) = check(parameter, "hunter2")
        #expect(findings.map(\.failure.code) == [.literalSecret, .outOfRange])
        #expect(!"\(findings)".contains("hunter2"))
        let number = ParameterDescription(name: "p", kind: .int, secret: true)
        let (_, others) = check(number, "hunter2")
        #expect(others.map(\.failure.code) == [.literalSecret, .wrongType])
        let text = FindingText.render(others, sources: ["p": "p: hunter2\n"])
        #expect(text.contains("p: *******"))
        #expect(!text.contains("hunter2"))
        let quiet = check(parameter, "\"${file:/secret}${file:/secret}abcdef\"")
        #expect(quiet.findings.isEmpty)
    }

    @Test func `an unset variable of a check leaves its value alone`() {
        var lenient = Check.environment
        lenient.unset = .warning
        let (plan, findings) = Check.yaml(
            "millrace: 1\nnodes:\n  a: {use: generate, with: {count: \"${NO}\"}}\n"
                + "  z: {use: \"null\", from: a}\n", environment: lenient)
        #expect(Check.short(findings) == ["w MR2401 3:37"])
        #expect(plan == nil)
    }

    private func check(
        _ parameter: ParameterDescription, _ value: String
    ) -> (json: JSON?, findings: [Finding]) {
        var findings = Findings()
        let environment = TopologyEnvironment(
            variable: { $0 == "FLAG" ? "true" : Check.environment.variable($0) },
            file: Check.environment.file)
        guard let tree = YAMLReader.read("p: \(value)\n", file: "p", findings: &findings),
            case .map(let members) = Interpolation(environment).leaves(
                tree, node: nil, findings: &findings
            ).content
        else { return (nil, findings.all) }
        let schema = ParameterSchema(
            use: "o", parameters: [parameter], outside: Check.outside)
        let config = schema.check(
            members, path: "with", node: nil, place: tree.mark, findings: &findings)
        return (config?["p"], findings.all)
    }

    private static func text(_ json: JSON) -> String {
        switch json {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): "\"\(value)\""
        case .array(let items): "[\(items.map(text).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\"\($0.name)\":\(text($0.value))" }.joined(separator: ","))}"
        }
    }
}
