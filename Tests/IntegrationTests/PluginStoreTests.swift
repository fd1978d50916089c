// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `plugin add` and `plugin remove`, with libraries that the compiler of the machine makes.
@Suite struct PluginStoreTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private var store: URL { sandbox.folder.appendingPathComponent("data/millrace/plugins") }

    private var installed: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store.path)) ?? []
        return names.filter { $0 != ".lock" }.sorted()
    }

    /// A plugin with one operator of the same name.
    private func library(
        _ name: String, version: String = "1.0.0", id: String? = nil, file: String? = nil,
        remark: String = ""
    ) throws -> String {
        return try TestPlugin.build(
            name, version: version, id: id ?? name, remark: remark,
            to: sandbox.folder.appendingPathComponent(file ?? "lib\(name).so").path)
    }

    private func state(_ name: String) throws -> [String: Any]? {
        let list = try sandbox.run("plugin", "list", "-o", "json").json()
        return (list["items"] as? [[String: Any]])?.first { $0["name"] as? String == name }
    }

    @Test func `an added plugin is found by every command, and not after its removal`() throws {
        let path = try library("store.one")
        let added = try sandbox.run("plugin", "add", path)
        #expect(added.code == 0, "\(added.err)")
        #expect(added.err.hasPrefix("added store.one 1.0.0: store.one\n"))
        #expect(installed.count == 1 && installed[0].hasPrefix("store.one-1.0.0-"))
        // The file it came from does not matter any more.
        try FileManager.default.removeItem(atPath: path)
        let run = try sandbox.run("run", "generate", "count=3", "!", "store.one", "!", "null")
        #expect(run.code == 0, "\(run.err)")
        let again = try sandbox.run("plugin", "remove", "store.one@2.0.0")
        #expect(again.code == 66 && again.err.contains("installed as 1.0.0"))
        #expect(try sandbox.run("plugin", "remove", "store.one").code == 0)
        #expect(installed.isEmpty)
        #expect(try state("store.one") == nil)
        let near = try library("store.two")
        #expect(try sandbox.run("plugin", "add", near, "-q").err.isEmpty)
        let unknown = try sandbox.run("plugin", "remove", "store.tow")
        #expect(unknown.code == 66)
        #expect(unknown.err.contains("MR3401") && unknown.err.contains("`store.two`"))
    }

    @Test func `another version takes its place, other bytes of the same one do not`() throws {
        let first = try library("store.score", version: "1.2.0")
        #expect(try sandbox.run("plugin", "add", first).code == 0)
        let same = try sandbox.run("plugin", "add", first, "-o", "json").json()
        #expect(same["result"] as? String == "unchanged")
        let other = try library("store.score", version: "1.2.0", file: "b.so", remark: "other")
        let refused = try sandbox.run("plugin", "add", other)
        #expect(refused.code == 65)
        #expect(refused.err.contains("error MR3402") && refused.err.contains("1.2.0"))
        let newer = try library("store.score", version: "1.3.0", file: "c.so")
        let replaced = try sandbox.run("plugin", "add", newer)
        #expect(replaced.err.hasPrefix("store.score 1.2.0 replaced by 1.3.0: store.score\n"))
        #expect(installed.count == 1)
        #expect(try state("store.score")?["version"] as? String == "1.3.0")
        let twin = try library("store.twin", id: "store.score")
        let conflict = try sandbox.run("plugin", "add", twin)
        #expect(conflict.code == 65 && conflict.err.contains("MR3102"))
        #expect(installed.count == 1)
    }

    @Test func `of a folder the good ones are added and the bad ones told`() throws {
        let folder = sandbox.folder.appendingPathComponent("dist")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("folder.so"), withIntermediateDirectories: true)
        _ = try library("store.a", file: "dist/a.so")
        _ = try library("store.b", file: "dist/b.so")
        _ = try sandbox.file("dist/empty.so", "")
        _ = try sandbox.file("dist/notes.txt", "no library")
        let result = try sandbox.run("plugin", "add", folder.path)
        #expect(result.code == 65)
        #expect(installed.map { $0.prefix(7) } == ["store.a", "store.b"])
        #expect(result.err.components(separatedBy: "error MR3001").count == 3, "\(result.err)")
        let empty = sandbox.folder.appendingPathComponent("none")
        try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: false)
        #expect(try sandbox.run("plugin", "add", empty.path).code == 66)
        #expect(try sandbox.run("plugin", "add", "missing.so").code == 66)
    }

    @Test(arguments: ["crash_in_entry", "exit_in_entry", "no_entry"])
    func `what the probe refuses is not installed`(_ name: String) throws {
        let result = try sandbox.run("plugin", "add", "\(try BadPlugins.folder())/\(name).so")
        #expect(result.code == 65)
        #expect(result.err.contains("error MR30"), "\(result.err)")
        #expect(installed.isEmpty)
    }

    @Test func `a quarantine is forgotten by name and by file`() throws {
        // The library counts its lives in a file and dies in the first one only.
        let marks = sandbox.folder.appendingPathComponent("marks").path
        let path = try library("store.once", remark: "dies:\(marks)")
        #expect(try sandbox.run("plugin", "add", path).err.contains("MR3007"))
        #expect(try sandbox.run("plugin", "add", path).err.contains("MR3007"))
        let file = "./" + URL(fileURLWithPath: path).lastPathComponent
        let near = try sandbox.run("plugin", "unquarantine", "store.onse")
        #expect(near.code == 66 && near.err.contains("store.once"), "\(near.err)")
        #expect(try sandbox.run("plugin", "unquarantine", file).code == 0)
        #expect(try sandbox.run("plugin", "add", path).code == 0)
    }

    @Test func `adding at the same time leaves one whole file of each`() throws {
        let paths = try (0..<4).map { try library("store.n\($0)", file: "n\($0).so") }
        let versions = try (1...3).map {
            try library("store.v", version: "1.\($0).0", file: "v\($0).so")
        }
        let all = try (paths + versions + paths).map { try sandbox.start(["plugin", "add", $0]) }
        for one in all { #expect(one.end().code == 0) }
        #expect(installed.count == 5, "\(installed)")
        #expect(installed.allSatisfy { $0.hasSuffix(".so") })
        for name in ["store.n0", "store.n3", "store.v"] {
            #expect(try state(name)?["state"] as? String == "ready")
        }
    }

    @Test func `a plugin that a run uses is not removed, but may be replaced`() throws {
        let first = try library("store.live", version: "1.0.0")
        #expect(try sandbox.run("plugin", "add", first).code == 0)
        let run = try sandbox.start(
            ["run", "generate", "rate=1k/s", "!", "store.live", "!", "null"])
        _ = try run.waitForError("watch:")
        let refused = try sandbox.run("plugin", "remove", "store.live")
        #expect(refused.code == 65)
        #expect(refused.err.contains("MR3403") && refused.err.contains("used by run-"))
        // Overwritten and replaced while its code runs.
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: first))
        try Data("garbage".utf8).write(to: store.appendingPathComponent(installed[0]))
        let newer = try library("store.live", version: "1.1.0", file: "newer.so")
        #expect(try sandbox.run("plugin", "add", newer).code == 0)
        run.signal(SIGTERM)
        #expect(run.end().code == 0)
        #expect(try state("store.live")?["version"] as? String == "1.1.0")
        #expect(try sandbox.run("plugin", "remove", "store.live").code == 0)
    }

    @Test func `a folder that cannot be written is told`() throws {
        let path = try library("store.x")
        for place in ["/proc", "/dev/null"] {
            let result = try sandbox.start(
                ["plugin", "add", path], variables: ["XDG_DATA_HOME": place]
            ).end()
            #expect(result.code == 74, "\(result.err)")
            #expect(result.err.contains("MR5303"))
        }
        let cache = try sandbox.start(
            ["plugin", "add", path], variables: ["XDG_DATA_HOME": sandbox.folder.path]
        ).end()
        #expect(cache.code == 74 && cache.err.contains("private copies"))
        // A link that leads to itself.
        let loop = sandbox.folder.appendingPathComponent("loop/millrace")
        try FileManager.default.createDirectory(at: loop, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: loop.appendingPathComponent("plugins").path, withDestinationPath: "plugins")
        let data = ["XDG_DATA_HOME": loop.deletingLastPathComponent().path]
        let result = try sandbox.start(["plugin", "add", path], variables: data).end()
        #expect(result.code == 74 && result.err.contains("MR5303"), "\(result.err)")
        #expect(try sandbox.start(["plugin", "list"], variables: data).end().code == 0)
    }

    @Test func `on a full disk nothing is left behind`() throws {
        let path = try library("store.x")
        #expect(try sandbox.run("plugin", "list", path).code == 0)
        // A file system of 8 KiB, in a mount namespace of its own; where that is not allowed,
        // there is nothing to see.
        let full = sandbox.folder.appendingPathComponent("full")
        try FileManager.default.createDirectory(at: full, withIntermediateDirectories: false)
        let script = """
            mount -t tmpfs -o size=8k none '\(full.path)' || { echo no-mount; exit 0; }
            XDG_DATA_HOME='\(full.path)' '\(try Sandbox.program.path)' plugin add '\(path)'
            echo "code $?"; find '\(full.path)' -name '*.new' -o -name '*.so'
            """
        let result = try Running(
            URL(fileURLWithPath: "/usr/bin/unshare"), ["-m", "sh", "-c", script],
            in: sandbox.folder, [:]
        ).end()
        if result.out.contains("no-mount") || result.err.contains("unshare:") { return }
        #expect(result.out == "code 74\n", "\(result.out)\(result.err)")
        #expect(result.err.contains("MR5307"))
    }

    @Test func `a plugin folder that was named must be there`() throws {
        let named = try sandbox.run("plugin", "list", "--plugin-dir", "nowhere")
        #expect(named.code == 66)
        #expect(named.err.contains("MR1004") && named.err.contains("nowhere"))
        let file = try sandbox.file("file", "")
        #expect(try sandbox.run("plugin", "list", "--plugin-dir", file).err.contains("no folder"))
        let variable = try sandbox.start(
            ["run", "generate", "count=1", "!", "null"],
            variables: ["MILLRACE_PLUGIN_PATH": "/nowhere"]
        ).end()
        #expect(variable.code == 0)
        #expect(variable.err.contains("warning MR1004  MILLRACE_PLUGIN_PATH names /nowhere"))
    }
}
