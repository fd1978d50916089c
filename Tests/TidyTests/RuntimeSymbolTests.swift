// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The hot path allocates nothing, locks nothing and calls no system: what its object files want
/// from outside is a short list.
enum RuntimeSymbols {
    static let allowed: Set = ["memcpy", "memmove", "memset", "memcmp", "__stack_chk_fail"]

    /// Names in the output of `nm -u` that are neither allowed nor the target's own.
    static func forbidden(wanted: String, defined: String) -> Set<String> {
        names(wanted).subtracting(allowed).subtracting(names(defined))
    }

    private static func names(_ output: String) -> Set<String> {
        Set(
            output.split(separator: "\n").compactMap { line in
                line.split(separator: " ").last.map { String($0.prefix { $0 != "@" }) }
            }.filter { !$0.hasSuffix(":") && $0 != "_GLOBAL_OFFSET_TABLE_" })
    }
}

struct RuntimeSymbolTests {
    @Test func `the C runtime needs nothing from outside but copying and comparing memory`() throws
    {
        let objects = FileManager.default.temporaryDirectory
            .appendingPathComponent("tidy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: objects, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: objects) }
        let sources = Repository.files(under: "Sources/CMillraceRuntime/", endings: ["c"])
        #expect(!sources.isEmpty)
        for (number, source) in sources.enumerated() {
            let object = objects.path + "/\(number).o"
            let compiled = Repository.run(
                "cc", "-std=gnu11", "-O2", "-fPIC", "-Iinclude",
                "-ISources/CMillraceRuntime/include",
                "-c", source.path, "-o", object)
            #expect(compiled.status == 0, "\(source.path) does not compile")
        }
        let wanted = Repository.run("sh", "-c", "nm -u \(objects.path)/*.o")
        let defined = Repository.run("sh", "-c", "nm --defined-only \(objects.path)/*.o")
        try #require(wanted.status == 0 && defined.status == 0)
        let found = RuntimeSymbols.forbidden(wanted: wanted.output, defined: defined.output)
        #expect(found.isEmpty, "\(found.sorted())")
    }

    @Test func `canary: malloc and a system call are found`() {
        let wanted =
            "a.o:\n   U malloc@GLIBC_2.2.5\n                 U memcpy\n U mrr_a\n U futex"
        let defined = "b.o:\n0000000000000000 T mrr_a\n"
        #expect(RuntimeSymbols.forbidden(wanted: wanted, defined: defined) == ["malloc", "futex"])
    }
}
