// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct CommandLineTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test(arguments: [
        ["nonsense"], ["run"], ["run", "--for", "soon", "generate", "!", "null"],
        ["check"], ["status"], ["bench"], ["bench", "lane", "--rate", "5"],
        ["bench", "nothing"], ["status", "run-0000"], ["status", "a/b/c"], ["ps", "-o", "xml"],
        ["run", "--set", "x", "generate", "!", "null"],
    ])
    func `a wrong command line ends with 64 and says why on standard error`(
        _ words: [String]
    ) throws {
        let result = try sandbox.start(words).end()
        #expect(result.code == 64)
        #expect(result.out.isEmpty)
        #expect(result.err.contains("Error: ") || result.err.contains("error MR1"))
    }

    @Test func `version and help are data`() throws {
        let version = try sandbox.run("--version")
        #expect(version.code == 0)
        #expect(version.out.split(separator: ".").count == 3)
        let help = try sandbox.run("--help")
        #expect(help.code == 0)
        for command in ["run", "check", "plugin", "bench", "ps", "status"] {
            #expect(help.out.contains("  \(command) "))
        }
        // The hidden ones are for other processes of ours.
        #expect(!help.out.contains("executor"))
    }

    @Test func `a missing file ends with 66`() throws {
        for words in [["run", "missing.yaml"], ["check", "missing.yaml"]] {
            let result = try sandbox.start(words).end()
            #expect(result.code == 66)
            #expect(result.err.contains("MR1004") && result.err.contains("missing.yaml"))
        }
    }

    @Test func `plugin list names what lies beside the program`() throws {
        let result = try sandbox.run("plugin", "list", "-o", "json")
        #expect(result.code == 0)
        let items = try #require(try result.json()["items"] as? [[String: Any]])
        let io = try #require(items.first { $0["name"] as? String == "io" })
        #expect(io["state"] as? String == "ready")
        #expect((io["operators"] as? [String])?.contains("generate") == true)
        #expect((io["digest"] as? String)?.count == 64)
        let text = try sandbox.run("plugin", "list", "-v")
        #expect(text.out.contains("searched, in this order:"))
    }

    @Test func `a file that is no plugin is listed with its reason`() throws {
        let path = try sandbox.file("libwrong.so", "this is no library")
        let result = try sandbox.run("plugin", "list", path)
        #expect(result.code == 0)
        #expect(result.out.contains("refused"))
        #expect(result.out.contains("MR3001"))
        let forgiven = try sandbox.run("plugin", "unquarantine", "wrong")
        #expect(forgiven.code == 66)
        #expect(forgiven.err.contains("MR3401"))
    }

    @Test func `without runs ps is empty and says how to begin`() throws {
        let text = try sandbox.run("ps")
        #expect(text.code == 0 && text.out.isEmpty)
        #expect(text.err.contains("millrace run"))
        #expect(try sandbox.run("ps", "-o", "json").out == "{\"items\":[],\"next\":null}\n")
    }
}
