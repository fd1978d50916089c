// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Decoding, filtering and encoding JSON, as a user runs them.
@Suite struct JSONOperatorTests {
    private let sandbox: Sandbox
    private static let jq = URL(fileURLWithPath: "/usr/bin/jq")
    private static var hasJQ: Bool { FileManager.default.isExecutableFile(atPath: jq.path) }

    init() throws { sandbox = try Sandbox() }

    /// Records with everything that the condition asks for, before and behind other things, written
    /// the one way in which jq writes them too.
    private static let orders: String = {
        var text = ""
        var state: UInt64 = 9
        func next(_ below: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % below
        }
        let countries = ["DE", "AT", "d\\\"e", "日本", "", "\\u0001"]
        for number in 0..<20_000 {
            let amount = next(2) == 0 ? "\(next(300))" : "\(next(300)).\(next(9) + 1)"
            let country = countries[Int(next(6))]
            let inner = "{\"amount\":\(next(300)),\"of\":[\(next(9)),{\"}\":\"]\"}]}"
            var members = [
                "\"amount\":\(amount)", "\"country\":\"\(country)\"", "\"inner\":\(inner)",
                "\"id\":\(number)",
            ]
            for _ in 0..<next(4) { members.append(members.removeFirst()) }
            text += "{" + members.joined(separator: ",") + "}\n"
        }
        return text
    }()

    @Test(
        .enabled(if: hasJQ),
        arguments: [
            ("amount > 100", ".amount > 100"),
            ("amount >= 99.5 and country == \"DE\"", ".amount >= 99.5 and .country == \"DE\""),
            (
                "inner.of[0] * 2 + 1 > inner.amount / 10 or country in [\"日本\", \"d\\\"e\"]",
                ".inner.of[0] * 2 + 1 > .inner.amount / 10 or (.country | IN(\"日本\", \"d\\\"e\"))"
            ),
            (
                "not (country matches '^[A-Z]{2}$') and len(country) < 2",
                "(.country | test(\"^[A-Z]{2}$\") | not) and (.country | length) < 2"
            ),
        ])
    func `a filter prints byte for byte what jq selects`(_ ours: String, _ theirs: String) throws {
        let file = try sandbox.file("orders.ndjson", Self.orders)
        let result = try sandbox.run(
            "run", "-q", "file.source", "path=\(file)", "!", "lines", "!", "json.decode", "!",
            "filter", "where=\(ours)", "!", "stdout")
        let other = try Running(
            Self.jq, ["-c", "select(\(theirs))", file], in: sandbox.folder, [:])
        let selected = other.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(selected.code == 0, "\(selected.err)")
        #expect((100..<19_900).contains(selected.lines.count))
        #expect(result.out == selected.out)
    }

    @Test func `what a filter holds back comes out of its other port, all in order`() throws {
        let file = try sandbox.file("orders.ndjson", Self.orders)
        let (chosen, rest) = (sandbox.folder.path + "/chosen", sandbox.folder.path + "/rest")
        let result = try sandbox.run(
            "run", "-q", "file.source", "path=\(file)", "!", "lines", "!", "filter", "name=f",
            "where=id % 3 == 0", "!", "file.sink", "name=a", "path=\(chosen)", "@f.rest", "!",
            "file.sink", "name=b", "path=\(rest)")
        #expect(result.code == 0, "\(result.err)")
        let lines = Self.orders.split(separator: "\n")
        func ids(_ path: String) throws -> [Int] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                let object = try JSONSerialization.jsonObject(with: Data($0.utf8))
                return try #require((object as? [String: Any])?["id"] as? Int)
            }
        }
        #expect(try ids(chosen) == lines.indices.filter { $0 % 3 == 0 })
        #expect(try ids(rest) == lines.indices.filter { $0 % 3 != 0 })
    }

    @Test(arguments: [
        ("fail", 1 as Int32, ""), ("drop", 0, "1 3"), ("pass", 0, "1 2 3"),
    ])
    func `a filter does with an absent field as it is told`(
        _ missing: String, _ code: Int32, _ ids: String
    ) throws {
        let input = "{\"n\":1,\"a\":9}\n{\"n\":2}\n{\"n\":3,\"a\":8}\n{\"n\":4,\"a\":1}\n"
        let result = try sandbox.run(
            "run", "stdin", "!", "lines", "!", "filter", "where=a > 5", "missing=\(missing)",
            "on_error=fail", "!", "stdout", input: input)
        #expect(result.code == code)
        let numbers = result.lines.map { $0.dropFirst(5).prefix(1) }
        #expect(code == 0 ? numbers.joined(separator: " ") == ids : numbers.count <= 1)
        #expect(
            result.err.contains(
                "error MR4003  filter: filter 1.0.0 refused record 1 of lane 0: there is no `a`")
                == (code != 0), "\(result.err)")
    }

    @Test func `a record that is no JSON is named with its byte`() throws {
        let result = try sandbox.run(
            "run", "stdin", "!", "lines", "!", "json.decode", "on_error=fail", "!", "stdout",
            input: "{\"a\": 1}\n [1, 2] \n{\"a\": \"\u{1F}\"}\n3\n")
        #expect(result.code == 1)
        // A run that fails does not wait for what is under way.
        #expect("{\"a\": 1}\n [1, 2] \n".hasPrefix(result.out))
        #expect(
            result.err.contains(
                "error MR4001  json_decode: json.decode 1.0.0 refused record 2 of lane 0: no JSON: "
                    + "expected no control character in a string at byte 7, found 0x1F"),
            "\(result.err)")
    }

    @Test func `encoding leaves out white space and nothing else, and keeps keys`() throws {
        let input = " { \"a b\" : [ 1.50 , \" \\\" \" ] , \"b\":1e3 } \n[ ]\n\t\"x  y\"\r\n"
        let result = try sandbox.run(
            "run", "-q", "stdin", "!", "lines", "!", "key", "prefix=1", "!", "json.decode", "!",
            "json.encode", "!", "stdout", "format=key_value", input: input)
        #expect(
            result.out
                == " \t{\"a b\":[1.50,\" \\\" \"],\"b\":1e3}\n[\t[]\n\t\t\"x  y\"\n",
            "\(result.err)")
    }

    @Test func `a condition of another kind is refused before anything runs`() throws {
        let syntax = try sandbox.run("run", "stdin", "!", "filter", "where=a = 1", "!", "stdout")
        #expect(syntax.code == 65)
        #expect(syntax.err.contains("MR2504"), "\(syntax.err)")
        let number = try sandbox.run("run", "stdin", "!", "filter", "where=a + 1", "!", "stdout")
        #expect(number.code == 65)
        #expect(
            number.err.contains("error MR2110  filter: expected a condition, found a number"),
            "\(number.err)")
    }

    @Test func `an assertion names the condition that did not hold`() throws {
        let result = try sandbox.run(
            "run", "-q", "stdin", "!", "lines", "!", "assert", "where=a >= 2", "on_error=fail", "!",
            "stdout", input: "{\"a\":2}\n{\"a\":1}\n")
        #expect(result.code == 1)
        #expect("{\"a\":2}\n".hasPrefix(result.out))
        #expect(
            result.err.contains(
                "expected a value for which \"a >= 2\" holds, found \"{\"a\":1}\""),
            "\(result.err)")
    }
}
