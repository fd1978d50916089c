// SPDX-License-Identifier: Apache-2.0
import Testing

/// Which modules of the system and of packages a target's files may import.
enum Imports {
    /// Values in, values out: nothing but this package's own modules.
    static let pure: Set = [
        "MillraceCore", "MillraceGraph", "MillraceDelivery", "MillraceWire", "MillraceScreen",
    ]
    static let ofTheSystem: Set = [
        "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization", "Builtin",
        "Swift", "Musl", "Android",
    ]
    static let network: Set = [
        "FoundationNetworking", "NIO", "NIOCore", "NIOPosix", "GRPCCore", "Hummingbird", "GRDB",
        "AsyncHTTPClient", "NIOHTTP1", "NIOSSL", "Network",
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, let row = Layers.rows[target] else { return [] }
        return file.imports.compactMap { module, line in
            if network.contains(module) {
                return file.finding(line, "\(module) is of the network")
            }
            if ofTheSystem.contains(module) {
                return pure.contains(target)
                    ? file.finding(line, "\(target) is pure, it may not import \(module)") : nil
            }
            return row.mayUse.contains(module)
                ? nil : file.finding(line, "\(target) may not import \(module)")
        }
    }
}

/// What the sources of a bundled plugin may name: the public ABI, the system, themselves.
enum PluginSources {
    static func findings(_ file: SourceFile, beside: Set<String>) -> [Finding] {
        if file.ending == "swift" {
            let allowed: Set = [
                "MillraceSDK", "CMillrace", "Foundation", "Glibc", "Synchronization",
            ]
            return file.imports.filter { !allowed.contains($0.module) }.map {
                file.finding($0.line, "a plugin may not import \($0.module)")
            }
        }
        return file.lines.enumerated().compactMap { number, line in
            guard let name = included(line) else { return nil }
            let isFine =
                name.isQuoted
                ? beside.contains(name.path)
                : name.path.hasPrefix("millrace/") || isOfTheSystem(name.path)
            return isFine ? nil : file.finding(number + 1, "a plugin may not include \(name.path)")
        }
    }

    /// The path of `#include <path>` or `#include "path"`.
    static func included(_ line: String) -> (path: String, isQuoted: Bool)? {
        let parts = line.filter { $0 != " " }
        guard parts.hasPrefix("#include") else { return nil }
        let rest = parts.dropFirst("#include".count)
        guard let open = rest.first, open == "<" || open == "\"" else { return nil }
        return (String(rest.dropFirst().prefix { $0 != ">" && $0 != "\"" }), open == "\"")
    }

    private static func isOfTheSystem(_ path: String) -> Bool {
        let known: Set = [
            "assert.h", "ctype.h", "errno.h", "fcntl.h", "float.h", "inttypes.h", "limits.h",
            "math.h", "pthread.h", "sched.h", "setjmp.h", "signal.h", "stdalign.h", "stdarg.h",
            "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
            "time.h", "unistd.h", "zlib.h", "zstd.h", "poll.h", "dirent.h", "glob.h",
            "emmintrin.h", "immintrin.h", "xmmintrin.h", "arm_neon.h", "fenv.h",
            // Of the one plugin that calls functions of other libraries.
            "dlfcn.h", "ffi.h",
        ]
        return known.contains(path) || path.hasPrefix("sys/") || path.hasPrefix("linux/")
    }
}

struct ImportTests {
    @Test func `each file imports what its target's layer allows`() {
        let files = Repository.files(under: "Sources/", endings: ["swift"])
        let findings = files.flatMap(Imports.findings)
        findings.expectNone()
    }

    @Test func `one file reads YAML`() {
        let importers = Repository.files.filter { $0.imports.contains { $0.module == "Yams" } }
        #expect(importers.map(\.target) == ["MillraceGraph"], "\(importers.map(\.path))")
    }

    @Test func `bundled plugins use the public ABI only`() {
        let files = Repository.files(under: "Plugins/", endings: ["c", "h", "swift"])
        #expect(files.count > 5)
        let findings = files.flatMap { file in
            let folder = file.path.dropLast(file.name.count)
            let beside = files.filter { $0.path.hasPrefix(folder) }.map(\.name)
            let shared = files.filter { $0.path.hasPrefix("Plugins/shared/") }
                .map { "../shared/\($0.name)" }
            return PluginSources.findings(file, beside: Set(beside + shared))
        }
        findings.expectNone()
    }

    @Test func `canary: a forbidden import or include is found`() {
        func found(_ path: String, _ line: String) -> Int {
            Imports.findings(SourceFile(path: path, text: line)).count
        }
        #expect(found("Sources/MillraceCore/A.swift", "import Foundation") == 1)
        #expect(found("Sources/MillraceGraph/A.swift", "package import MillraceHost") == 1)
        #expect(found("Sources/millrace/A.swift", "import FoundationNetworking") == 1)
        #expect(found("Sources/MillraceJobs/A.swift", "@preconcurrency import Dispatch") == 0)
        let inside = "#include \"mrr.h\"\n#include <curl/curl.h>\n# include <millrace/types.h>"
        let plugin = SourceFile(path: "Plugins/io/a.c", text: inside)
        #expect(PluginSources.findings(plugin, beside: ["a.h"]).map(\.line) == [1, 2])
        let swift = SourceFile(path: "Plugins/aggregates/A.swift", text: "import MillraceHost")
        #expect(PluginSources.findings(swift, beside: []).count == 1)
    }
}
