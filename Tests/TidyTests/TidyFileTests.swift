// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What every text of the repository keeps to, whatever its language.
enum TidyFile {
    static let licence = "SPDX-License-Identifier: Apache-2.0"
    static let codeEndings: Set = ["swift", "c", "h", "hpp", "cpp", "java", "py", "sh"]

    /// The first line names the licence; a line that only names the interpreter may come before.
    static func licence(_ file: SourceFile) -> [Finding] {
        let first = file.lines.drop { $0.hasPrefix("#!") || $0.hasPrefix("// swift-tools-version") }
        return first.first?.contains(licence) == true ? [] : [file.finding(1, "no \(licence)")]
    }

    static func whiteSpace(_ file: SourceFile) -> [Finding] {
        var found = file.lines.enumerated().compactMap { number, line in
            line.last == " " || line.last == "\t"
                ? file.finding(number + 1, "white space at the end of the line") : nil
        }
        if !file.text.isEmpty, !file.text.hasSuffix("\n") {
            found.append(file.finding(file.lines.count, "no new line at the end"))
        }
        return found
    }

    /// Work left undone, names of one machine, addresses that need a network of one's own.
    static func leftovers(_ file: SourceFile) -> [Finding] {
        let words: Set = ["TODO", "FIXME", "XXX", "HACK"]
        let paths = [Repository.root.path + "/", NSHomeDirectory() + "/"]
        return file.lines.enumerated().flatMap { number, line -> [Finding] in
            var found: [String] = []
            found += line.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
                .filter { words.contains(String($0)) }.map { "`\($0)`" }
            found += paths.filter { line.contains($0) }.map { "`\($0)` is of one machine" }
            found += hosts(line).filter { !isKnown($0) }.map { "address of an unknown host \($0)" }
            if line.contains("Copyright"), file.path != "LICENSE" {
                found.append("a copyright line")
            }
            return found.map { file.finding(number + 1, $0) }
        }
    }

    static func hosts(_ line: String) -> [String] {
        line.split(separator: "://").dropFirst().map { rest in
            String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" })
        }.filter { !$0.isEmpty }
    }

    static func isKnown(_ host: String) -> Bool {
        let known: Set = [
            "github.com", "www.swift.org", "swift.org", "www.apache.org", "fsf.org", "spdx.org",
            "json-schema.org",
            "localhost", "127.0.0.1", "docs.swift.org", "kafka", "nn", "h1", "www.rfc-editor.org",
            "docs.oasis-open.org", "json-schema.org",
        ]
        return known.contains(host) || host.hasSuffix("example.com")
            || host.hasSuffix(".org.example")
    }

    /// A file that says nothing: no definition, or a name that says it stands for another.
    static func dead(_ file: SourceFile) -> [Finding] {
        if file.name.lowercased().hasPrefix("placeholder") {
            return [file.finding(1, "stands in for something that is not there")]
        }
        guard ["swift", "c"].contains(file.ending), file.tokens.isEmpty else { return [] }
        // A variant of another file: it defines a name and includes what is varied.
        let isVariant = file.lines.contains { PluginSources.included($0)?.isQuoted == true }
        guard !isVariant else { return [] }
        // One file only compiles the public headers, so that their static assertions run.
        return file.path.hasSuffix("/CMillrace/abi.c") ? [] : [file.finding(1, "defines nothing")]
    }

    /// Private headers that nobody includes.
    static func unused(_ headers: [SourceFile], among files: [SourceFile]) -> [Finding] {
        let included = Set(
            files.flatMap { file in
                file.lines.compactMap { line in
                    PluginSources.included(line)?.path.split(separator: "/").last.map(String.init)
                }
            })
        return headers.filter { !included.contains($0.name) }.map {
            $0.finding(1, "no file includes it")
        }
    }

    /// `MILLRACE_EXT_TIME_H` guards `include/millrace/ext/time.h`.
    static func guardOfHeader(_ file: SourceFile) -> [Finding] {
        let parts = file.path.dropLast(2).split(separator: "/").dropFirst()
        var wanted = parts.map { $0.uppercased() }.joined(separator: "_") + "_H"
        if file.path == "include/millrace/millrace.h" { wanted = "MILLRACE_H" }
        let isGuarded =
            file.lines.contains("#ifndef \(wanted)")
            && file.lines.contains("#define \(wanted)")
            && file.lines.last?.hasPrefix("#endif") == true
        return isGuarded ? [] : [file.finding(1, "not guarded by \(wanted)")]
    }
}

struct TidyFileTests {
    /// The rules' own samples are in this folder.
    private let texts = Repository.files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }

    @Test func `every source begins with the licence`() {
        let code = Repository.files.filter {
            TidyFile.codeEndings.contains($0.ending) || $0.path.hasPrefix("scripts/")
        }
        let findings = code.flatMap(TidyFile.licence)
        #expect(code.count > 50)
        findings.expectNone()
    }

    @Test func `lines end where their text ends`() {
        let findings = texts.filter { $0.path != "LICENSE" && !$0.path.contains("golden") }
            .flatMap(TidyFile.whiteSpace)
        findings.expectNone()
    }

    @Test func `nothing is left for later, and nothing belongs to one machine`() {
        let findings = texts.filter { $0.path != "LICENSE" }.flatMap(TidyFile.leftovers)
        findings.expectNone()
    }

    @Test func `no file is dead`() {
        let code = Repository.files(
            under: "Sources/", "Plugins/", "SDK/", "Tests/", endings: ["swift", "c", "h"])
        let headers = code.filter { $0.ending == "h" && !$0.path.hasPrefix("include/") }
        let findings =
            code.flatMap(TidyFile.dead)
            + TidyFile.unused(headers, among: Repository.files)
        findings.expectNone()
    }

    @Test func `each public header has its guard`() {
        let headers = Repository.files(under: "include/millrace/", endings: ["h"])
        #expect(headers.count > 15)
        let findings = headers.flatMap(TidyFile.guardOfHeader)
        findings.expectNone()
    }

    @Test func `nothing lies at the top that has no place there`() {
        let known: Set = [
            "Package.swift", "Sources", "Plugins", "include", "SDK", "Tests", "Benchmarks", "docs",
            "scripts", "Makefile", "README.md", "LICENSE", ".ci", ".gitignore", ".swift-format",
            ".clang-format", ".editorconfig",
        ]
        let top = Set(Repository.paths.map { String($0.prefix { $0 != "/" }) })
        #expect(top.subtracting(known).isEmpty)
    }

    @Test func `canary: untidy texts are found`() {
        func file(_ path: String, _ text: String) -> SourceFile {
            SourceFile(path: path, text: text)
        }
        #expect(TidyFile.licence(file("a.c", "int a;\n")).count == 1)
        #expect(TidyFile.whiteSpace(file("a.c", "int a; \nint b;")).count == 2)
        for line in [
            "// TODO: later", "cd \(Repository.root.path)/a", "https://mirror.internal:8080/simple",
            "Copyright 2020 Somebody",
        ] {
            #expect(TidyFile.leftovers(file("a.c", line)).count == 1, "\(line)")
        }
        #expect(TidyFile.leftovers(file("a.c", "run-XXXX at https://github.com/a")).isEmpty)
        #expect(TidyFile.dead(file("Sources/A/placeholder.c", "int a;")).count == 1)
        #expect(TidyFile.dead(file("Sources/A/a.c", "// nothing\n#define A\n")).count == 1)
        let header = file("Sources/A/a.h", "int a;")
        #expect(TidyFile.unused([header], among: [file("b.c", "#include \"b.h\"")]).count == 1)
        #expect(TidyFile.guardOfHeader(file("include/millrace/a.h", "#pragma once")).count == 1)
    }
}
