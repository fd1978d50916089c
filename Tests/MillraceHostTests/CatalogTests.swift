// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import Testing

@testable import MillraceHost

@Suite struct CatalogTests {
    let shop: Workshop

    init() throws {
        shop = try Workshop()
    }

    @Test func `a known library is neither read nor probed again`() throws {
        // Shown by a second scan whose probe cannot be started.
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        try settle(library)
        let first = try shop.catalog().scan(extra: [library])
        let second = try shop.catalog(executable: "/nonexistent").scan(extra: [library])
        #expect(first == second)
        #expect(second.plugins.map(\.state) == [.ready])
    }

    @Test func `a changed library is judged anew`() throws {
        // The second version has the same size and the same name.
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so", defines: ["ENTRY=abort()"])
        let bad = try shop.record(of: library)
        #expect(bad.state == .quarantined)
        try shop.compile(Specimen.transform, to: "libspecimen.so")
        let good = try shop.record(of: library)
        #expect(good.state == .ready)
        #expect(good.sha256 != bad.sha256)
    }

    @Test func `a quarantine lasts until somebody forgives it`() throws {
        // The library counts its lives in a file and dies in the first one only.
        let marks = shop.path("marks")
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: ["ENTRY=int f=open(\"\(marks)\",O_CREAT|O_EXCL,0600);if(f>=0)abort()"])
        #expect(try shop.record(of: library).state == .quarantined)
        #expect(try shop.record(of: library).state == .quarantined)
        try shop.catalog().unquarantine("specimen")
        #expect(try shop.record(of: library).state == .ready)
        let failure = #expect(throws: Failure.self) {
            try shop.catalog().unquarantine("specimen")
        }
        #expect(failure?.code == .pluginNotFound)
    }

    @Test(arguments: [
        "", "{", "[]", "{\"format\":1}", "{\"format\":99,\"files\":{}}", "\u{0}\u{1}",
    ])
    func `a damaged registry is rebuilt`(_ text: String) throws {
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        let before = try shop.catalog().scan(extra: [library])
        let registry = shop.path("cache/plugins.json")
        try Data(text.utf8).write(to: URL(filePath: registry))
        #expect(try shop.catalog().scan(extra: [library]) == before)
        #expect(PluginRegistry.load(shop.path("cache")).verdicts.count == 1)
    }

    @Test func `a registry with flipped bits never stops a scan`() throws {
        // Whatever the damage says, the scan ends and lists the one file.
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        try settle(library)
        _ = try shop.catalog().scan(extra: [library])
        let registry = shop.path("cache/plugins.json")
        let whole = [UInt8](try Data(contentsOf: URL(filePath: registry)))
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                    1 << UInt8.random(in: 0...7, using: &random)
            }
            try Data(bytes).write(to: URL(filePath: registry))
            let records = try shop.catalog(executable: "/nonexistent").scan(extra: [library])
                .plugins
            #expect(records.count == 1)
        }
    }

    @Test func `the first folder wins`() throws {
        for (folder, defines) in [
            ("a", ["NAME=\"one\""]), ("b", ["NAME=\"one\"", "ENTRY=;"]),
            ("c", ["NAME=\"two\"", "ID=\"one\""]), ("d", ["NAME=\"three\""]),
        ] {
            try makeFolder(folder)
            try shop.compile(Specimen.transform, to: "\(folder)/libx.so", defines: defines)
        }
        // b: another build of the same plugin; c: another plugin with the same operator.
        try shop.compile(
            Specimen.transform, to: "b/libx.so",
            defines: ["NAME=\"one\"", "PLUGIN=plugin.license=\"MIT\""])
        try makeFolder("e")
        try FileManager.default.copyItem(
            atPath: shop.path("a/libx.so"), toPath: shop.path("e/y.so"))
        let folders = ["a", "b", "c", "d", "e", "missing"].map {
            SearchFolder(path: shop.path($0), origin: .variable)
        }
        let result = try shop.catalog(folders: folders).scan()
        #expect(result.plugins.map(\.name) == ["one", "one", "two", "three"])
        #expect(result.plugins.map(\.state) == [.ready, .refused, .refused, .ready])
        #expect(
            result.plugins.compactMap(\.reason?.code) == [.duplicateOperator, .duplicateOperator])
        #expect(result.plugins[1].reason?.text.contains(shop.path("a/libx.so")) == true)
        #expect(result.entries.map(\.operation.id) == ["one", "three"])
        #expect(result.searched.map(\.hits) == [1, 1, 1, 1, 1, 0])
    }

    @Test func `a file given by name comes before the search path`() throws {
        try makeFolder("folder")
        try shop.compile(Specimen.transform, to: "folder/libx.so")
        let library = try shop.compile(
            Specimen.transform, to: "libx.so", defines: ["PLUGIN=plugin.license=\"MIT\""])
        let folders = [SearchFolder(path: shop.path("folder"), origin: .project)]
        let result = try shop.catalog(folders: folders).scan(extra: [library])
        #expect(result.plugins.map(\.path) == [library, shop.path("folder/libx.so")])
        #expect(result.entries.first?.plugin.path == library)
    }

    @Test func `libraries beside the program that are no plugins are not mentioned`() throws {
        try makeFolder("bin")
        try shop.compile("int x(void) { return 1; }", to: "bin/libother.so")
        try shop.compile(Specimen.transform, to: "bin/libspecimen.so")
        try shop.compile(Specimen.transform, to: "bin/extra.so", defines: ["NAME=\"extra\""])
        let program = SearchFolder(path: shop.path("bin"), origin: .program)
        let beside = try shop.catalog(folders: [program]).scan()
        #expect(beside.plugins.map(\.name) == ["specimen"])
        let meant = try shop.catalog(folders: [SearchFolder(path: shop.path("bin"), origin: .flag)])
        #expect(try meant.scan().plugins.map(\.state) == [.ready, .refused, .ready])
    }

    @Test func `a plugin that cannot be used still says which operators it has`() throws {
        // One says it in its note and dies, the other has lived to tell and is refused.
        try makeFolder("p")
        let text =
            #"{"millrace":1,"abi":"1.0","name":"dead","version":"1.0.0","operators":["dead"]}"#
        let literal = text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\\\"")
        let note = "OUTSIDE=MR_MANIFEST(\"\(literal)\");"
        try shop.compile(
            Specimen.transform, to: "p/libdead.so",
            defines: ["NAME=\"dead\"", "ENTRY=abort()", note])
        try shop.compile(
            Specimen.transform, to: "p/libother.so",
            defines: ["NAME=\"other\"", "PLUGIN=plugin.toolchain=\"swift-5.9 dynamic\""])
        try shop.compile(Specimen.transform, to: "p/libgood.so", defines: ["NAME=\"good\""])
        let result = try shop.catalog().scan(extra: [shop.path("p")])
        #expect(result.plugins.map(\.operators) == [["dead"], ["good"], ["other"]])
        #expect(
            result.plugins.map(\.reason?.code) == [.quarantinedCrash, nil, .otherToolchain])
        #expect(result.entries.map(\.operation.id) == ["good"])
    }

    @Test func `a file that is not there is said to be missing`() throws {
        let record = try shop.record(of: shop.path("libnowhere.so"))
        #expect(record.state == .refused)
        #expect(record.reason?.code == .pluginNotFound)
        #expect(record.reason?.text.contains(shop.path("libnowhere.so")) == true)
    }

    @Test func `a missing library is looked for again`() throws {
        // Shown by supplying it: the plugin itself does not change.
        try shop.compile(
            "int helper(void) { return 1; }", to: "libhelper.so", flags: ["-fvisibility=default"])
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: ["ENTRY=extern int helper(void);helper()"],
            flags: [
                "-L\(shop.folder)", "-Wl,--no-as-needed", "-lhelper",
                "-Wl,-rpath,\(shop.path("later"))",
            ])
        let first = try shop.record(of: library)
        #expect(first.reason?.code == .libraryMissing)
        #expect(first.reason?.text.contains("libhelper.so") == true)
        #expect(first.warnings.contains { $0.contains(shop.path("later")) })
        try makeFolder("later")
        try FileManager.default.copyItem(
            atPath: shop.path("libhelper.so"), toPath: shop.path("later/libhelper.so"))
        #expect(try shop.record(of: library).state == .ready)
    }

    @Test func `copies are private and complete`() throws {
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        let entry = try #require(try shop.catalog().scan(extra: [library]).entries.first)
        let copy = entry.plugin.copy
        #expect(copy == shop.path("cache/\(entry.plugin.sha256).so"))
        #expect(try PluginFile.read(copy).sha256 == entry.plugin.sha256)
        #expect(try mode(shop.path("cache")) == 0o700)
        #expect(try mode(copy) == 0o500)
        try FileManager.default.removeItem(atPath: copy)
        _ = try shop.catalog().scan(extra: [library])
        #expect(try PluginFile.read(copy).sha256 == entry.plugin.sha256)
    }

    @Test func `commands that start at the same time share one cache`() async throws {
        let folder = shop.path("plugins")
        try makeFolder("plugins")
        for i in 0..<4 {
            try shop.compile(
                Specimen.transform, to: "plugins/lib\(i).so", defines: ["NAME=\"n\(i)\""])
        }
        let shop = shop
        let names = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try shop.catalog().scan(extra: [folder]).entries.map(\.operation.id)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(names == Array(repeating: ["n0", "n1", "n2", "n3"], count: 6))
        #expect(PluginRegistry.load(shop.path("cache")).verdicts.count == 4)
    }

    @Test func `the search path follows flags, variables, project, user, prefix, program`() {
        let folders = SearchFolder.standard(
            flags: ["x"],
            environment: ["MILLRACE_PLUGIN_PATH": "/p:q", "HOME": "/home/me"],
            directory: "/work", executable: "/opt/millrace/bin/millrace")
        #expect(
            folders.map(\.path) == [
                "/work/x", "/p", "/work/q", "/work/plugins",
                "/home/me/.local/share/millrace/plugins",
                "/opt/millrace/lib/millrace/plugins", "/opt/millrace/bin",
            ])
    }

    /// Makes the file look as if it had been there for an hour.
    private func settle(_ path: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: path)
        while !PluginRegistry.KnownFile(try PluginFile.read(path)).settled {}
    }

    private func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: shop.path(name), withIntermediateDirectories: true)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? Int) ?? 0
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
