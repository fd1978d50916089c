// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct ExplainTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func `an operator of a plugin is explained without loading it into this process`() throws
    {
        let page = try sandbox.run("explain", "generate")
        #expect(page.code == 0)
        #expect(page.err.isEmpty)
        #expect(page.out.hasPrefix("generate\n\nMakes up records"))
        #expect(page.out.contains("  count    whole number from 0"))
        #expect(
            page.out.contains(
                "millrace run --limit 5 generate count=1000 rate=100/s keys=10 ! stdout"))
        let json = try sandbox.run("explain", "generate", "-o", "json").json()
        let parameters = try #require(json["parameters"] as? [[String: Any]])
        #expect(parameters.contains { $0["name"] as? String == "rate" })
        let markdown = try sandbox.run("explain", "generate", "-o", "markdown")
        #expect(markdown.out.hasPrefix("# generate\n"))
    }

    @Test func `a code prints its page and what a command ends with`() throws {
        let page = try sandbox.run("explain", "MR2104")
        #expect(page.code == 0)
        #expect(page.out.hasPrefix("MR2104 unknown parameter\n\nExit status 65: "))
        #expect(!page.out.contains("```"))
    }

    @Test func `what nobody knows ends with 64 and a suggestion`() throws {
        let result = try sandbox.run("explain", "gnerate")
        #expect(result.code == 64)
        #expect(result.out.isEmpty)
        #expect(
            result.err == "error MR1005  there is nothing called gnerate to explain\n"
                + "   did you mean `generate`?\n")
        let kind = try sandbox.run("explain", "--list", "things")
        #expect(kind.code == 64 && kind.err.contains("kinds: operators, commands, "))
    }

    @Test func `each command of the help is explained`() throws {
        let list = try sandbox.run("explain", "--list", "commands")
        for command in ["run", "check", "explain", "plugin list", "ps", "status"] {
            #expect(list.out.contains("\n\(command) "), "\(command)")
            let page = try sandbox.run("explain", "command", command, "-o", "markdown")
            #expect(page.out.hasPrefix("# millrace \(command)\n"))
        }
        #expect(!list.out.contains("executor") && !list.out.contains("probe"))
    }

    @Test func `a broken cache of plugins leaves the rest explained`() throws {
        let file = try sandbox.file("no-folder", "")
        let running = try sandbox.start(
            ["explain", "MR5303"], variables: ["XDG_CACHE_HOME": file])
        let result = running.end()
        #expect(result.code == 0)
        #expect(result.out.hasPrefix("MR5303 file failed"))
        #expect(result.err.contains("error MR5303"))
    }

    @Test func `lines to try of bundled operators are topologies without errors`() throws {
        let list = try sandbox.run("explain", "--list", "operators", "-o", "json").json()
        let items = try #require(list["items"] as? [[String: Any]])
        var tried = 0
        for name in items.compactMap({ $0["name"] as? String }) {
            let page = try sandbox.run("explain", "operator", name, "-o", "json").json()
            // Those of `fail` and `bench` misbehave, or wait for their other half.
            let plugin = (page["plugin"] as? [String: Any])?["name"] as? String ?? ""
            guard !["fail", "bench"].contains(plugin), let command = page["command"] as? String
            else { continue }
            let script = command.replacingOccurrences(
                of: "millrace ", with: "'\(try Sandbox.program.path)' ")
            let run = try Running(
                URL(fileURLWithPath: "/bin/bash"), ["-c", "exec \(script) < /dev/null"],
                in: sandbox.folder, [:])
            let result = run.end()
            // That the example's file is not here is no mistake of the line.
            let isWithoutFile = result.err.contains("MR2110") && result.err.contains("no file")
            #expect(
                isWithoutFile || ![64, 65].contains(result.code), "\(command): \(result.err)")
            tried += 1
        }
        #expect(tried > 8)
    }

    @Test func `commands on the pages of codes give these codes, in these words`() throws {
        // They need another run, an installation, a plugin or ten seconds; or nothing is told.
        let skipped: Set = [
            "MR1002", "MR1011", "MR1012", "MR3402", "MR3403", "MR3501", "MR4102", "MR5308",
        ]
        let list = try sandbox.run("explain", "--list", "codes", "-o", "json").json()
        let items = try #require(list["items"] as? [[String: Any]])
        // Copies of plugins are not to be found as plugins of the user.
        let apart = ["XDG_DATA_HOME": sandbox.folder.path + "/data"]
        var tried = 0
        for name in items.compactMap({ $0["name"] as? String }) where !skipped.contains(name) {
            let page = try sandbox.run("explain", name, "-o", "json").json()
            let lines = (page["example"] as? String ?? "").split(separator: "\n").dropFirst()
            guard let command = lines.first, command.hasPrefix("$ millrace "),
                let answer = lines.dropFirst().first
            else { continue }
            let script = "'\(try Sandbox.program.path)' " + command.dropFirst("$ millrace ".count)
            let result = try Running(
                URL(fileURLWithPath: "/bin/bash"), ["-c", "exec \(script) < /dev/null"],
                in: sandbox.folder, apart
            ).end()
            #expect(result.err.contains(answer), "\(command)\n\(result.err)")
            #expect(result.code == page["exit"] as? Int32 ?? -1, "\(command): \(result.code)")
            tried += 1
        }
        #expect(tried > 8)
    }
}
