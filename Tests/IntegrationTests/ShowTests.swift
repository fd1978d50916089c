// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `millrace show`: one topology, its forms.
@Suite struct ShowTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func show(_ words: [String], code: Int32 = 0) throws -> String {
        let result = try sandbox.start(["show"] + words).end()
        #expect(result.code == code, "\(result.err)")
        return result.out
    }

    @Test func `a one-liner becomes a file that runs the same`() throws {
        let line = ["generate", "count=3", "value={\"x\":2}", "!", "pass", "!", "stdout"]
        let yaml = try show(line)
        #expect(
            yaml == """
                millrace: 1
                nodes:
                  generate:
                    use: generate
                    with: {count: 3, value: '{"x":2}'}
                  pass: {use: pass, from: generate}
                  stdout: {use: stdout, from: pass}

                """)
        let file = try sandbox.file("line.yaml", yaml)
        let records = try sandbox.run("run", file).out
        #expect(records == "{\"x\":2}\n{\"x\":2}\n{\"x\":2}\n")
        #expect(try sandbox.start(["run"] + line).end().out == records)
        #expect(try show([file]) == yaml)
        let json = try sandbox.file("line.json", try show([file, "-o", "json"]))
        #expect(try sandbox.run("run", json).out == records)
        #expect(try show([json]) == yaml)
    }

    @Test func `what is resolved runs the same, and says where it came from`() throws {
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              a: {use: generate, with: {count: "${COUNT:-3}"}}
              b: {use: pass, from: {node: a, partition: round_robin}, parallelism: 2}
              c: {use: stdout, from: b}
            """)
        let yaml = try show([file, "--resolved", "--threads", "1", "--set", "a.value=x"])
        #expect(yaml.contains("count: 3  # default of COUNT, \(file):3:36\n"))
        #expect(yaml.contains("value: x  # --set\n"))
        #expect(yaml.contains("threads: 1  # --threads\n"))
        #expect(yaml.contains("partition: round_robin  # \(file):4:45\n"))
        let again = try sandbox.file("again.yaml", yaml)
        #expect(try sandbox.run("run", again).out == "x\nx\nx\n")
        #expect(
            try show([again, "--resolved", "-o", "json"])
                == show([file, "--resolved", "-o", "json", "--threads", "1", "--set", "a.value=x"]))
    }

    @Test func `pictures`() throws {
        let line = ["generate", "!", "pass", "parallelism=2", "!", "stdout"]
        #expect(
            try show(line + ["-o", "text"])
                == "● generate  generate\n▼\n● pass  pass ×2\n▼\n● stdout  stdout\n")
        let text = try show(line + ["-o", "text", "--resolved"])
        #expect(text.hasPrefix("● generate  generate@1.1.0\n▼ out → in, round_robin, queue 1024\n"))
        #expect(text.contains("<command line>:1:29\n"))
        #expect(try show(line + ["-o", "mermaid"]).hasPrefix("flowchart LR\n  n0[\"generate<br/>"))
        let dot = try show(line + ["-o", "dot", "--resolved"])
        #expect(dot.contains("n1 -> n2 [label=\"out → in, round_robin, queue 1024\"];\n"))
        try requireGraphviz(dot)
    }

    /// Graphviz is the judge where it is installed.
    private func requireGraphviz(_ text: String) throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/dot") else { return }
        let file = try sandbox.file("graph.dot", text)
        let dot = try Process.run(
            URL(fileURLWithPath: "/usr/bin/dot"), arguments: ["-Tsvg", "-o/dev/null", file])
        dot.waitUntilExit()
        #expect(dot.terminationStatus == 0)
    }

    @Test func `a broken topology is told as by check`() throws {
        _ = try sandbox.file("broken.yaml", "millrace: 1\nnodes:\n  a: {use: generate, frm: b}\n")
        for form in [["-o", "yaml"], ["-o", "dot"], ["--resolved"]] {
            let result = try sandbox.start(["show", "broken.yaml"] + form).end()
            #expect(result.code == 65)
            #expect(result.out.isEmpty)
            #expect(result.err.contains("broken.yaml:3:22  error MR2003"), "\(result.err)")
        }
        let unset = try sandbox.file(
            "unset.yaml",
            "millrace: 1\nnodes:\n  a: {use: generate, with: {value: \"${NOPE_X}\"}}\n"
                + "  b: {use: stdout, from: a}\n")
        #expect(try show([unset]).contains("value: ${NOPE_X}}") == false)
        #expect(try show([unset]).contains("with: {value: \"${NOPE_X}\"}"))
        let resolved = try sandbox.run("show", unset, "--resolved")
        #expect(resolved.code == 65)
        #expect(resolved.err.contains("error MR2401"))
        #expect(try sandbox.run("show", "missing.yaml").code == 66)
        #expect(try sandbox.run("show", "a", "!").code == 65)
    }
}
