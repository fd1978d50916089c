// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

@testable import MillraceAPI

@Suite struct FindingReportTests {
    private static let text = "millrace: 1\nnodes:\n  日本😀: {use: x}\n"

    private static let report = FindingReport(
        findings: [
            Finding(
                .warning,
                Failure(
                    .variableUnset, at: Mark(file: "/w/a b.yaml", line: 3, column: 5, length: 1),
                    "${PRICE} is not set, 100% sure\r", next: "set it: or not")),
            Finding(.notice, Failure(.cycle, "no place")),
        ],
        sources: ["/w/a b.yaml": text], folder: "/w")

    @Test func `commands of a workflow escape what would end them`() {
        #expect(
            Self.report.githubLines == [
                "::warning file=a b.yaml,line=3,col=5,endColumn=6,"
                    + "title=MR2401 variable unset::"
                    + "${PRICE} is not set, 100%25 sure%0D%0Aset it: or not",
                "::notice title=MR2303 cycle::no place",
            ])
        var odd = Self.report
        odd.findings[0].failure.mark?.file = "a,b:c%.yaml"
        #expect(odd.githubLines[0].hasPrefix("::warning file=a%2Cb%3Ac%25.yaml,line=3,"))
    }

    @Test func `each sink has what follows after a crash`() {
        var report = FindingReport()
        report.add(DeliveryCheck(plan("a(source) > b(sink)")), file: "t.yaml")
        report.add(nil, file: "broken.yaml")
        #expect(
            report.json["guarantees"]
                == .array([
                    .object([
                        .init("file", .string("t.yaml")), .init("node", .string("b")),
                        .init("guarantee", .string("at_most_once")),
                        .init("reason", .string("a cannot replay")),
                        .init("after_a_crash", .string("the run ends: a cannot replay")),
                    ])
                ]))
    }

    @Test func `columns of SARIF are UTF-16 units, addresses are relative and encoded`() throws {
        guard case .array(let runs) = Self.report.sarif["runs"],
            case .array(let results) = runs[0]["results"],
            case .array(let places) = results[0]["locations"]
        else {
            Issue.record("no results")
            return
        }
        let place = try #require(places[0]["physicalLocation"])
        #expect(place["artifactLocation"]?["uri"] == .string("a%20b.yaml"))
        // The fifth character is the emoji of two units, behind four of one.
        #expect(place["region"]?["startColumn"] == .int(5))
        #expect(place["region"]?["endColumn"] == .int(7))
        #expect(results[0]["level"] == .string("warning"))
        let message = results[0]["message"]?["text"]
        #expect(message == .string("${{PRICE}} is not set, 100% sure\r\nset it: or not"))
        #expect(results[1]["locations"] == .array([]))
        #expect(results[1]["level"] == .string("note"))
    }

    @Test func `rules carry the pages of their codes`() throws {
        guard case .array(let runs) = Self.report.sarif["runs"],
            case .array(let rules) = runs[0]["tool"]?["driver"]?["rules"]
        else {
            Issue.record("no rules")
            return
        }
        #expect(rules.map { $0["id"] } == [.string("MR2303"), .string("MR2401")])
        #expect(rules[1]["name"] == .string("VariableUnset"))
        #expect(rules[1]["shortDescription"]?["text"] == .string("variable unset"))
        guard case .string(let page) = rules[1]["help"]?["markdown"] else {
            Issue.record("no help")
            return
        }
        #expect(page.hasPrefix("# MR2401 variable unset\n"))
        #expect(page.contains("${{NAME}}"))
    }

    @Test func `a file that cannot be read is told beside the results`() {
        var report = FindingReport()
        #expect(report.exitCode(strict: true) == 0)
        report.unread = [Failure(.inputMissing, "a.yaml: gone")]
        #expect(report.exitCode(strict: false) == 66)
        #expect(report.githubLines == ["::error title=MR1004 input missing::a.yaml: gone"])
        guard case .array(let runs) = report.sarif["runs"],
            case .array(let invocations) = runs[0]["invocations"]
        else {
            Issue.record("no invocation")
            return
        }
        #expect(invocations[0]["executionSuccessful"] == .bool(false))
        #expect(runs[0]["results"] == .array([]))
    }

    @Test func `warnings count only when they are asked to`() {
        #expect(Self.report.exitCode(strict: false) == 0)
        #expect(Self.report.exitCode(strict: true) == 65)
    }

    @Test(arguments: [
        ("/w/a.yaml", "a.yaml"), ("./a.yaml", "a.yaml"), ("../a.yaml", "../a.yaml"),
        ("/other/ü.yaml", "file:///other/%C3%BC.yaml"), ("<stdin>", "%3Cstdin%3E"),
        ("/wide/a.yaml", "file:///wide/a.yaml"),
    ])
    func `paths are as near as they can be`(_ path: String, _ uri: String) {
        #expect(FindingReport.uri(Self.report.path(path)) == uri)
    }
}
