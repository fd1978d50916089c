// SPDX-License-Identifier: Apache-2.0
import Testing

/// The parts of the plugin `native` by themselves, as C programs under AddressSanitizer.
struct NativePluginTests {
    private static let sanitizers = ["-g", "-O1", "-fsanitize=address,undefined"]

    /// Compiles `Tests/NativeTests/NAME.c` with sources of the plugin, and runs it.
    private func run(_ name: String, with sources: [String]) throws {
        let workshop = try Workshop()
        let plugin = "\(Place.repository)/Plugins/native"
        var objects: [String] = []
        let tests = "\(Place.repository)/Tests/NativeTests/\(name).c"
        for file in [tests] + sources.map({ "\(plugin)/\($0)" }) {
            let object = workshop.path("\(objects.count).o")
            let compiler = file.hasSuffix(".cpp") ? ["clang++", "-std=c++17"] : ["clang"]
            try Workshop.run(
                compiler[0],
                compiler.dropFirst() + Self.sanitizers
                    + ["-fno-sanitize-recover=all", "-I\(plugin)", "-c", file, "-o", object])
            objects.append(object)
        }
        let program = workshop.path(name)
        try Workshop.run(
            "clang++", Self.sanitizers + objects + ["-lffi", "-lpthread", "-lm", "-o", program])
        try Workshop.run(program, [])
    }

    @Test func `every lane gives a function what it was sent`() throws {
        try run("lanes", with: ["lanes.c", "lane_typed.c", "lane_trampoline.c", "lane_libffi.c"])
    }

    @Test func `whatever a program is, it is refused or keeps the rules`() throws {
        try run("programs", with: ["program.c", "program_check.c", "words.c", "number.cpp"])
    }

    @Test func `numbers are read exactly and written shortest`() throws {
        try run("numbers", with: ["number.cpp"])
    }
}
