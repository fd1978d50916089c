// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing

@testable import MillraceHost

/// The walk over ELF files, on files that a compiler made.
@Suite struct SharedObjectTests {
    let shop: Workshop

    init() throws {
        shop = try Workshop()
    }

    @Test func `the facts of a good plugin are found`() throws {
        let library = try shop.compile(
            """
            #include <millrace/simple.h>
            static int keep(const void *value, uint32_t size) { return 1; }
            MR_SIMPLE_FILTER("demo.keep", keep)
            """, to: "libkeep.so",
            flags: ["-Wl,-rpath,/opt/x:$ORIGIN", "-lm", "-Wl,--no-as-needed"])
        let object = try read(library)
        #expect(object.entries == ["millrace_plugin_v1"])
        #expect(object.needed.contains("libc.so.6"))
        #expect(object.searchFolders == ["/opt/x", "$ORIGIN"])
        #expect(object.glibc?.hasPrefix("2.") == true)
        #expect(object.otherExports == 0)
        #expect(!object.staticTLS && !object.textRelocations && !object.executableStack)
        try object.check(name: "libkeep.so")
        let note = try PluginNote(try #require(object.note), file: "libkeep.so")
        #expect(note.name == "demo.keep")
        #expect(note.operators == ["demo.keep"])
        #expect(note.abi == "1.0")
        #expect(object.warnings == ["looks for libraries in /opt/x"])
    }

    @Test(arguments: ["-Wl,--hash-style=gnu", "-Wl,--hash-style=sysv", "-Wl,-s", "-Wl,-O2"])
    func `the entry is found in every kind of table`(_ flag: String) throws {
        let library = try shop.compile(Specimen.transform, to: "libx.so", flags: [flag])
        #expect(try read(library).entries == ["millrace_plugin_v1"])
    }

    @Test func `exports besides the entry are counted`() throws {
        let library = try shop.compile(
            Specimen.transform, to: "libx.so",
            defines: ["OUTSIDE=MR_EXPORT int a, b; MR_EXPORT void c(void) {}"])
        let object = try read(library)
        #expect(object.otherExports == 3)
        #expect(object.warnings.contains { $0.contains("3 symbols") })
    }

    @Test func `properties that forbid loading are refused`() throws {
        try expectRefused(.refusedFileProperty, "executable stack", ["-Wl,-z,execstack"])
        try expectRefused(
            .refusedFileProperty, "static thread-local storage", ["-ftls-model=initial-exec"],
            defines: ["OUTSIDE=static __thread int x; int *y(void){return &x;}", "ENTRY=y()"])
        #if arch(x86_64)
            try expectRefused(
                .refusedFileProperty, "DT_TEXTREL", ["-Wl,-z,notext", "-fno-PIC", "-mcmodel=large"])
        #endif
    }

    @Test func `files that are no libraries are refused by what they are`() throws {
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: shop.path("text.so")))
        try Data().write(to: URL(filePath: shop.path("empty.so")))
        try Data("int x;".utf8).write(to: URL(filePath: shop.path("x.c")))
        try Workshop.run("cc", ["-c", shop.path("x.c"), "-o", shop.path("object.so")])
        let expected = [
            "text.so": "is no ELF file: it begins with 23 21 2f 62",
            "empty.so": "is no ELF file: it begins with nothing",
            "object.so": "is an object file, not a shared library",
        ]
        for (name, words) in expected {
            let record = try shop.record(of: shop.path(name))
            #expect(record.reason?.code == .wrongFile)
            #expect(record.reason?.text == "\(name) \(words)")
        }
        let program = try shop.record(of: Place.millrace)
        #expect(program.reason?.text == "millrace is a program, not a shared library")
        #expect(try shop.record(of: "/dev/zero").reason?.code == .wrongFile)
    }

    @Test func `another machine's library is refused`() throws {
        let library = try shop.compile(Specimen.transform, to: "libx.so")
        let bytes = try PluginFile.read(library).bytes
        let failure = #expect(throws: Failure.self) {
            try SharedObject.read(bytes, name: "libx.so", machine: 243)
        }
        #expect(failure?.code == .wrongFile)
        #expect(failure?.text.contains("this machine is riscv") == true)
    }

    @Test func `an entry of another major version is named`() throws {
        let library = try shop.compile(
            "__attribute__((visibility(\"default\"))) void *millrace_plugin_v2(void) { return 0; }",
            to: "libx.so")
        let record = try shop.record(of: library)
        #expect(record.reason?.code == .abiVersion)
        #expect(record.reason?.text.contains("millrace_plugin_v2") == true)
    }

    @Test func `ten thousand damaged files never trap`() throws {
        // Any outcome but a trap or a long time is fine; most have to be noticed at all.
        let library = try shop.compile(
            """
            #include <millrace/simple.h>
            static int keep(const void *value, uint32_t size) { return 1; }
            MR_SIMPLE_FILTER("demo.keep", keep)
            """, to: "libkeep.so", flags: ["-Wl,-s"])
        let whole = try PluginFile.read(library).bytes
        let object = try SharedObject.read(whole, name: "x")
        var random = SeededRandom(seed: 7)
        var different = 0
        for turn in 0..<10_000 {
            let bytes = Self.damage(whole, turn, &random)
            do throws(Failure) {
                let other = try SharedObject.read(bytes, name: "x")
                if let note = other.note { _ = try PluginNote(note, file: "x") }
                if other != object { different += 1 }
            } catch {
                different += 1
            }
        }
        #expect(different > 2_000)
    }

    /// Cuts, flips bits anywhere, or puts extreme numbers where headers and tables are.
    private static func damage(
        _ whole: [UInt8], _ turn: Int, _ random: inout SeededRandom
    ) -> [UInt8] {
        var bytes = whole
        switch turn % 4 {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 1:
            for _ in 0..<Int.random(in: 1...16, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
        case 2:
            let at = Int.random(in: 0..<1024, using: &random)
            bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
        default:
            let at = Int.random(in: 0..<bytes.count / 8, using: &random) * 8
            let extremes: [UInt64] = [.max, .max / 2, 1 << 63, 0, UInt64(bytes.count), 1 << 32]
            let value = extremes.randomElement(using: &random) ?? 0
            for i in 0..<8 { bytes[at + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
        }
        return bytes
    }

    private func read(_ path: String) throws -> SharedObject {
        try SharedObject.read(try PluginFile.read(path).bytes, name: PluginFile.name(of: path))
    }

    private func expectRefused(
        _ code: FailureCode, _ words: String, _ flags: [String], defines: [String] = []
    ) throws {
        let library = try shop.compile(
            Specimen.transform, to: "libx.so", defines: defines, flags: flags)
        let record = try shop.record(of: library)
        #expect(record.state == .refused)
        #expect(record.reason?.code == code)
        #expect(record.reason?.text.contains(words) == true, "\(record.reason?.text ?? "none")")
    }
}
