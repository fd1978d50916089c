// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct CheckTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private static let good = """
        millrace: 1
        name: small
        nodes:
          source: {use: generate, with: {count: "${COUNT:-3}"}}
          out: {use: stdout, from: source}
        """

    private static let broken = """
        millrace: 1
        nodes:
          source:
            use: generate
            with: {cout: 3}
          out: {use: stdout, from: sorce}
        """

    @Test func `a good file has no findings, and runs`() throws {
        let path = try sandbox.file("small.yaml", Self.good)
        let check = try sandbox.run("check", path)
        #expect(check.code == 0)
        #expect(check.out.contains("small.yaml:5:14  notice MR2407  out: stdout cannot take"))
        #expect(
            check.out.contains(
                "\nguarantee: out at least once\n"
                    + "after a crash: goes on from the last checkpoint\n1 notice  "))
        #expect(check.err.isEmpty)
        let run = try sandbox.run("run", path)
        #expect(run.out == "0\n1\n2\n")
        let piped = try sandbox.run("run", "-", input: Self.good)
        #expect(piped.out == "0\n1\n2\n")
    }

    @Test func `what each sink keeps of the guarantee is told`() throws {
        _ = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              in: {use: file.source, with: {path: in}}
              words: {use: stdin}
              out: {use: file.sink, from: in, with: {path: out}}
              log: {use: stdout, from: words}
            """)
        let check = try sandbox.run("check", "t.yaml")
        #expect(check.code == 0)
        #expect(
            check.out.contains(
                "t.yaml:4:16  notice MR2406  words: stdin cannot replay: what it has read is kept"))
        #expect(
            check.out.contains(
                "guarantee: out exactly once (two-phase commit), "
                    + "log at least once (words from the journal on)\n"))
        let json = try sandbox.run("check", "t.yaml", "-o", "json").json()
        #expect(json["notices"] as? Int == 2)
        let sinks = try #require(json["guarantees"] as? [[String: Any]])
        #expect(
            sinks.compactMap { $0["guarantee"] as? String } == ["exactly_once", "at_least_once"])
        #expect(
            sinks.compactMap { $0["after_a_crash"] as? String }
                == [String](
                    repeating:
                        "goes on from the last checkpoint, each of its 2 regions by itself",
                    count: 2))
        // A run tells it only where state is kept for the next one.
        #expect(try !sandbox.run("run", "stdin", "!", "stdout").err.contains("MR2406"))
        let kept = try sandbox.run("run", "stdin", "!", "stdout", "--state-dir", "s")
        #expect(kept.err.contains("notice MR2406") && kept.err.contains("notice MR2407"))
    }

    @Test func `findings have a place, a code, the line and a way out`() throws {
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "broken.yaml")
        #expect(check.code == 65)
        #expect(check.out.contains("broken.yaml:5:12  error MR2104"))
        #expect(check.out.contains("    5 |     with: {cout: 3}\n                   ^^^^\n"))
        #expect(check.out.contains("`count`"))
        #expect(check.out.contains("broken.yaml:6:"))
        let summary = "2 errors" + String(repeating: " ", count: 32)
        #expect(check.out.hasSuffix("\n\(summary)exit 65   millrace explain MR2104\n"))
        let run = try sandbox.run("run", "broken.yaml")
        #expect(run.code == 65)
        #expect(run.out.isEmpty)
        #expect(run.err.contains("error MR2104"))
    }

    @Test func `as JSON each finding is a problem with its severity`() throws {
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "broken.yaml", "-o", "json")
        #expect(check.code == 65)
        let found = try check.json()
        #expect(found["errors"] as? Int == 2)
        let findings = try #require(found["findings"] as? [[String: Any]])
        let first = try #require(findings.first)
        #expect(first["severity"] as? String == "error")
        #expect(first["code"] as? String == "MR2104")
        #expect(first["type"] as? String == "/docs/errors/MR2104")
        let place = try #require(first["where"] as? [String: Any])
        #expect(place["file"] as? String == "broken.yaml")
        #expect(place["line"] as? Int == 5)
    }

    @Test func `variables come from the environment, then from the file`() throws {
        let path = try sandbox.file("small.yaml", Self.good)
        let file = try sandbox.file("variables", "COUNT=1\n")
        let fromFile = try sandbox.start(["run", path, "--env-file", file]).end()
        #expect(fromFile.out == "0\n")
        let both = try sandbox.start(
            ["run", path, "--env-file", file], variables: ["COUNT": "2"]
        ).end()
        #expect(both.out == "0\n1\n")
    }

    @Test func `a parameter can be set from the command line`() throws {
        let path = try sandbox.file("small.yaml", Self.good)
        #expect(try sandbox.run("run", path, "--set", "source.count=1").out == "0\n")
        let wrong = try sandbox.run("run", path, "--set", "sorce.count=1")
        #expect(wrong.code == 65)
        #expect(wrong.err.contains("MR2302") && wrong.err.contains("`source`"))
    }

    @Test func `an unset variable is an error to run and a warning to check`() throws {
        let text = Self.good.replacingOccurrences(of: ":-3", with: "")
        let path = try sandbox.file("small.yaml", text)
        let run = try sandbox.run("run", path)
        #expect(run.code == 65)
        #expect(run.err.contains("error MR2401"))
        let check = try sandbox.run("check", path)
        #expect(check.code == 0)
        #expect(check.out.contains("warning MR2401"))
        #expect(try sandbox.run("check", "--strict", path).code == 65)
    }

    @Test func `a plugin that a topology names and that is none is an error at its place`() throws {
        _ = try sandbox.file("libwrong.so", "no library")
        let text = "millrace: 1\nplugins: [./libwrong.so]\n" + Self.good.dropFirst(12)
        _ = try sandbox.file("named.yaml", text)
        let check = try sandbox.run("check", "named.yaml")
        #expect(check.code == 65)
        #expect(check.out.contains("named.yaml:2:11  error MR3001"))
    }

    @Test func `several files are all checked, also when one cannot be read`() throws {
        _ = try sandbox.file("good.yaml", Self.good)
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "missing.yaml", "good.yaml", "broken.yaml")
        #expect(check.code == 66)
        #expect(check.err.contains("error MR1004  missing.yaml: No such file or directory"))
        #expect(check.out.contains("broken.yaml:5:12  error MR2104"))
        #expect(check.out.contains("2 errors"))
        let json = try sandbox.run("check", "missing.yaml", "broken.yaml", "-o", "json").json()
        #expect(json["errors"] as? Int == 3)
    }

    @Test func `blocks of a Markdown document are checked at their places`() throws {
        let document = """
            # A page
            ```yaml
            a: of something else
            ```
            * in a list

              ```yaml
              \(Self.broken.replacingOccurrences(of: "\n", with: "\n  "))
              ```
            ~~~~yml
            \(Self.good)
            ~~~~
            """
        _ = try sandbox.file("page.md", document)
        let check = try sandbox.run("check", "page.md")
        #expect(check.code == 65)
        #expect(check.out.contains("page.md:12:14  error MR2104"))
        #expect(check.out.contains("   12 |       with: {cout: 3}\n                     ^^^^\n"))
        #expect(
            check.err
                == "page.md: 2 of 3 blocks of YAML are topologies; "
                + "no `millrace:` in that of line 2\n")
    }

    @Test func `for GitHub each finding is a command with its place`() throws {
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "./broken.yaml", "-o", "github")
        #expect(check.code == 65)
        let first = try #require(check.lines.first)
        let place = "file=broken.yaml,line=5,col=12,endColumn=16"
        #expect(first.hasPrefix("::error \(place),title=MR2104 unknown parameter::"))
        #expect(first.contains("%0Adid you mean `count`"))
        #expect(check.lines.count == 2)
    }

    @Test func `as SARIF each finding is a result with its rule and region`() throws {
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "broken.yaml", "-o", "sarif")
        let sarif = try #require(
            try JSONSerialization.jsonObject(with: Data(check.out.utf8)) as? [String: Any])
        #expect(sarif["version"] as? String == "2.1.0")
        let run = try #require((sarif["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
        let rules = try #require(driver["rules"] as? [[String: Any]])
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(results.count == 2)
        for result in results {
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
        }
    }

    @Test func `a form that check does not have is refused with those it has`() throws {
        let check = try sandbox.run("check", "a.yaml", "-o", "dot")
        #expect(check.code == 64)
        #expect(check.err.contains("'text', 'json', 'sarif' or 'github'"))
        #expect(check.err.hasSuffix("\n   millrace check --help says what it takes\n"))
    }
}
