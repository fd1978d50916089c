// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `plugin check`: each check finds the plugin that has its fault, and leaves good ones alone.
@Suite struct PluginCheckTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// A check, and a plugin that fails it.
    struct Fault: CustomTestStringConvertible, Sendable {
        enum Plugin: Sendable {
            case zoo(String)
            case built(code: String = "", flags: [String] = [])
            case text(String)
        }

        var check: String
        var plugin: Plugin
        var says: String
        var result = "failed"

        var testDescription: String {
            if case .zoo(let name) = plugin { return "\(check) \(name)" }
            return check
        }
    }

    static let faults = [
        Fault(check: "file/readable", plugin: .text("no library"), says: "MR3001"),
        Fault(
            check: "file/library",
            plugin: .built(code: "int main(void) { return 0; }", flags: ["-pie"]),
            says: "link it with -shared"),
        Fault(check: "file/entry", plugin: .zoo("no_entry"), says: "millrace_plugin_v1"),
        Fault(
            check: "file/exports",
            plugin: .built(code: "__attribute__((visibility(\"default\"))) int other(void) {}"),
            says: "1 symbols besides", result: "warning"),
        Fault(
            check: "file/executable-stack", plugin: .built(flags: ["-Wl,-z,execstack"]),
            says: "noexecstack"),
        Fault(
            check: "file/text-relocations",
            plugin: .built(
                code: "__asm__(\".text\\n.globl here\\nhere: .quad here\\n\");",
                flags: ["-Wl,-z,notext"]),
            says: "-fPIC"),
        Fault(
            check: "file/static-tls",
            plugin: .built(
                code: """
                    __thread __attribute__((tls_model("initial-exec"))) int own;
                    int *where(void) { return &own; }
                    """),
            says: "TLS model"),
        Fault(
            check: "file/search-path", plugin: .built(flags: ["-Wl,-rpath,/opt/lib"]),
            says: "/opt/lib", result: "warning"),
        Fault(
            check: "file/unique-symbols",
            plugin: .built(
                code: """
                    __asm__(".globl shared\\n.type shared, @gnu_unique_object\\n"
                            ".data\\nshared: .quad 1\\n.text\\n");
                    """),
            says: "GNU-unique", result: "warning"),
        Fault(check: "file/note", plugin: .built(), says: "MR_MANIFEST", result: "skipped"),
        Fault(
            check: "load/libraries",
            plugin: .built(code: "int nowhere(void); void *p(void) { return nowhere; }"),
            says: "MR3002"),
        Fault(check: "load/survives", plugin: .zoo("crash_in_entry"), says: "SIGSEGV"),
        Fault(check: "load/survives", plugin: .zoo("exit_in_entry"), says: "exit("),
        Fault(check: "load/process", plugin: .zoo("thread_in_entry"), says: "thread"),
        Fault(check: "load/process", plugin: .zoo("handler_in_entry"), says: "SIG"),
        Fault(check: "descriptor/version", plugin: .zoo("newer_major"), says: "ABI 2.0"),
        Fault(check: "descriptor/version", plugin: .zoo("needs_unknown_bit"), says: "MR3005"),
        Fault(check: "descriptor/rules", plugin: .zoo("size_zero"), says: "MR3101"),
        Fault(check: "descriptor/rules", plugin: .zoo("null_plugin"), says: "NULL"),
        Fault(check: "descriptor/ids", plugin: .zoo("duplicate_id"), says: "two operators"),
        Fault(
            check: "descriptor/toolchain",
            plugin: .built(code: "#define BAD_TOOLCHAIN \"swift-5.9 dynamic\""), says: "MR3009"),
        Fault(check: "descriptor/note", plugin: .zoo("note_contradicts"), says: "MR3006"),
        Fault(
            check: "config/defaults", plugin: .zoo("create_fails_silently"),
            says: "without a text"),
        Fault(
            check: "config/defaults", plugin: .zoo("crash_in_create"), says: "in create: SIGSEGV"),
        Fault(check: "config/missing", plugin: .zoo("trusts_required"), says: "without path: "),
        Fault(check: "config/bounds", plugin: .zoo("trusts_bounds"), says: "SIGABRT"),
        Fault(check: "data/split", plugin: .zoo("split_drops_last"), says: "1000 records"),
        Fault(check: "data/split", plugin: .zoo("eats_memory"), says: "crashed in process"),
        Fault(check: "data/split", plugin: .zoo("overrun"), says: "MR3301"),
        Fault(check: "data/edges", plugin: .zoo("empty_crashes"), says: "SIGSEGV at 0x10"),
        Fault(
            check: "data/edges", plugin: .zoo("empty_refused_silently"),
            says: "an empty record, "),
        Fault(check: "data/edges", plugin: .zoo("never_returns"), says: "MR4102"),
        Fault(check: "data/edges", plugin: .zoo("again_for_ever"), says: "MR4202"),
    ]

    private func library(_ plugin: Fault.Plugin) throws -> String {
        switch plugin {
        case .zoo(let name): return "\(try BadPlugins.folder())/\(name).so"
        case .text(let text): return try sandbox.file("text.so", text)
        case .built(let code, let flags):
            return try TestPlugin.build(
                "built", id: "built", code: code, flags: flags,
                to: sandbox.folder.appendingPathComponent("built.so").path)
        }
    }

    private func check(_ words: String...) throws -> (Int32, [[String: Any]]) {
        let result = try sandbox.start(["plugin", "check", "-o", "json"] + words).end()
        let items = try #require(try result.json()["items"] as? [[String: Any]])
        return (result.code, items)
    }

    @Test(arguments: faults)
    func `each check finds its fault`(_ fault: Fault) throws {
        let (code, items) = try check(
            try library(fault.plugin), "--include", "^\(fault.check)$", "--quick")
        #expect(items.count == 1)
        #expect(items[0]["check"] as? String == fault.check)
        #expect(items[0]["result"] as? String == fault.result, "\(items[0])")
        #expect((items[0]["text"] as? String)?.contains(fault.says) == true, "\(items[0])")
        #expect(code == (fault.result == "failed" ? 1 : 0))
    }

    @Test func `every check there is has a plugin that it finds`() throws {
        let list = try sandbox.run("plugin", "check", "--list")
        let ids = list.lines.dropFirst().map { String($0.prefix { $0 != " " }) }
        #expect(ids.count > 20)
        #expect(Set(ids) == Set(Self.faults.map(\.check)))
    }

    @Test func `a plugin without a fault passes every check`() throws {
        let path = try TestPlugin.build(
            "fine", id: "fine", flags: ["-Wl,-Bsymbolic"],
            to: sandbox.folder.appendingPathComponent("fine.so").path)
        let (code, items) = try check(path)
        #expect(code == 0)
        let results = Dictionary(grouping: items) { $0["result"] as? String ?? "" }
        #expect(results["failed"] == nil, "\(results["failed"] ?? [])")
        #expect(results["warning"] == nil, "\(results["warning"] ?? [])")
        let skipped = Set((results["skipped"] ?? []).compactMap { $0["check"] as? String })
        #expect(skipped.isSuperset(of: ["file/note", "descriptor/note"]))
        let passed = Set((results["passed"] ?? []).compactMap { $0["check"] as? String })
        #expect(passed.isSuperset(of: ["data/split", "data/edges", "config/defaults"]))
    }

    @Test(arguments: ["basic", "aggregates", "bench", "io", "native", "conform"])
    func `the bundled plugins pass`(_ name: String) throws {
        let folder = try Sandbox.program.deletingLastPathComponent()
        let path = folder.appendingPathComponent("libmr_\(name).so").path
        let (code, items) = try check(path, "--quick", "--only-failed")
        #expect(code == 0 && items.isEmpty, "\(items)")
    }

    @Test func `results come as lines, as JSON and as XML`() throws {
        let path = "\(try BadPlugins.folder())/split_drops_last.so"
        let text = try sandbox.run("plugin", "check", path, "--include", "data", "--quick")
        #expect(text.code == 1)
        #expect(
            text.out.hasPrefix(
                "failed   data/split  bad.split_drops_last  with batches of one record"))
        #expect(text.err.hasSuffix("1 passed, 1 failed   millrace explain MR3501\n"), "\(text.err)")
        let xml = try sandbox.run(
            "plugin", "check", path, "--include", "data", "--quick", "-o", "junit")
        #expect(xml.code == 1)
        #expect(xml.out.contains("<testsuite name=\"millrace plugin check\" tests=\"2\""))
        #expect(xml.out.contains("failures=\"1\" skipped=\"0\""))
        #expect(xml.out.contains("name=\"data/split\"") && xml.out.contains("<failure message="))
        let document = try XMLLint.check(xml.out)
        #expect(document)
    }

    @Test func `a warning that is not printed is named`() throws {
        let code = "__attribute__((visibility(\"default\"))) int other(void) {}"
        let words = ["plugin", "check", try library(.built(code: code)), "--include", "file/"]
        let all = try sandbox.start(words).end()
        #expect(all.out.contains("\nwarning  file/exports  built.so  it exports 1 symbols"))
        #expect(all.err == "8 passed, 1 warning, 1 skipped\n")
        let failed = try sandbox.start(words + ["--only-failed"]).end()
        #expect(failed.code == 0 && failed.out.isEmpty, "\(failed.out)")
        #expect(failed.err == "8 passed, 1 warning (file/exports), 1 skipped\n")
    }

    @Test func `a wrong selection is refused`() throws {
        let none = try sandbox.run("plugin", "check", "--include", "nothing", "--list")
        #expect(none.code == 0 && none.lines.count == 1)
        #expect(try sandbox.run("plugin", "check", "x.so", "--include", "nothing").code == 64)
        #expect(try sandbox.run("plugin", "check", "x.so", "--include", "[").code == 64)
        #expect(try sandbox.run("plugin", "check").code == 64)
        let missing = try sandbox.run("plugin", "check", "nowhere.so", "--only-failed")
        #expect(missing.code == 1 && missing.out.contains("there is no file"))
    }
}

/// The other opinion on XML: Python's parser.
private enum XMLLint {
    static func check(_ text: String) throws -> Bool {
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = [
            "python3", "-c", "import sys, xml.dom.minidom as x; x.parseString(sys.argv[1])", text,
        ]
        try python.run()
        python.waitUntilExit()
        return python.terminationStatus == 0
    }
}
