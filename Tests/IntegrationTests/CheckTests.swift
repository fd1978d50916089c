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
        #expect(check.out.isEmpty)
        #expect(check.err == "no findings\n")
        let run = try sandbox.run("run", path)
        #expect(run.out == "0\n1\n2\n")
        let piped = try sandbox.run("run", "-", input: Self.good)
        #expect(piped.out == "0\n1\n2\n")
    }

    @Test func `findings have a place, a code, the line and a way out`() throws {
        _ = try sandbox.file("broken.yaml", Self.broken)
        let check = try sandbox.run("check", "broken.yaml")
        #expect(check.code == 65)
        #expect(check.out.contains("broken.yaml:5:12  error MR2104"))
        #expect(check.out.contains("    5 |     with: {cout: 3}\n                   ^^^^\n"))
        #expect(check.out.contains("`count`"))
        #expect(check.out.contains("broken.yaml:6:"))
        #expect(check.out.hasSuffix("\n2 errors\n"))
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
}
