// SPDX-License-Identifier: Apache-2.0
import Testing

/// Pointers, and promises to the compiler, live in a few targets; everywhere else they are errors.
enum UnsafeZone {
    static let folders = [
        "Sources/MillraceSystem/", "Sources/MillraceFlow/", "Sources/MillraceHost/", "SDK/",
        "Plugins/",
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        guard !folders.contains(where: { file.path.hasPrefix($0) }) else { return [] }
        var found = file.tokens.filter { token in
            token.text == "unsafe" || token.text.contains("Unsafe")
                || token.text.hasPrefix("unsafe") || token.text == "OpaquePointer"
                || token.text == "Unmanaged"
        }.map { file.finding($0.line, "`\($0.text)` outside the unsafe zones") }
        found += file.tokens.lines(of: ["@", "unchecked"]).map {
            file.finding($0, "`@unchecked` outside the unsafe zones")
        }
        return found
    }

    /// Every unsafe file says who allocates, who frees and why it lives long enough.
    static func unargued(_ file: SourceFile) -> [Finding] {
        guard let first = file.tokens.first(where: { $0.text == "unsafe" }),
            !file.text.contains("// SAFETY(")
        else { return [] }
        return [file.finding(first.line, "`unsafe` in a file without a `// SAFETY(name):` comment")]
    }
}

struct UnsafeZoneTests {
    @Test func `unsafe code is found only in System, Flow, Host, the SDK and plugins`() {
        let files = Repository.files(under: "Sources/", endings: ["swift"])
        #expect(files.count > 20)
        let findings = files.flatMap(UnsafeZone.findings)
        findings.expectNone()
    }

    @Test func `every file with unsafe code argues why it is safe`() {
        let files = Repository.files(under: "Sources/", "SDK/", endings: ["swift"])
        let findings = files.flatMap(UnsafeZone.unargued)
        findings.expectNone()
    }

    @Test func `canary: each kind of unsafe code is found outside the zones`() {
        for line in [
            "let a = unsafe b", "final class A: @unchecked Sendable {}",
            "nonisolated(unsafe) var a = 1", "var a: UnsafeMutablePointer<Int>",
            "a.withUnsafeBytes { _ in }", "unsafeBitCast(a, to: B.self)", "let a: OpaquePointer",
        ] {
            let file = SourceFile(path: "Sources/MillraceGraph/A.swift", text: line)
            #expect(!UnsafeZone.findings(file).isEmpty, "\(line)")
            let allowed = SourceFile(path: "Sources/MillraceFlow/A.swift", text: line)
            #expect(UnsafeZone.findings(allowed).isEmpty)
        }
        let comment = SourceFile(path: "Sources/MillraceGraph/A.swift", text: "// unsafe\n")
        #expect(UnsafeZone.findings(comment).isEmpty)
        let bare = SourceFile(path: "Sources/MillraceFlow/A.swift", text: "let a = unsafe b")
        #expect(UnsafeZone.unargued(bare).count == 1)
    }
}
