// SPDX-License-Identifier: Apache-2.0
import Testing

/// Names that only some targets may speak, because one type owns what they do.
enum ConfinedName {
    /// Name → folders where it may stand; everywhere else under `Sources` it is refused.
    static let homes: [String: [String]] = [
        // The only code that loads a plugin or calls into one.
        "dlopen": ["Sources/MillraceHost/"],
        "dlsym": ["Sources/MillraceHost/"],
        // A library stays: Swift's runtime keeps pointers into it.
        "dlclose": [],
        // Children are started, and waited for, in one place.
        "fork": ["Sources/MillraceSystem/", "Sources/CMillraceShims/"],
        "posix_spawn": ["Sources/MillraceSystem/", "Sources/CMillraceShims/"],
        "waitpid": ["Sources/MillraceSystem/", "Sources/CMillraceShims/"],
        // What crosses a target is `package`; the SDK is the only Swift that others import.
        "public": [],
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        file.tokens.compactMap { token in
            guard let allowed = homes[token.text],
                !allowed.contains(where: { file.path.hasPrefix($0) })
            else { return nil }
            return file.finding(token.line, "`\(token.text)` has no place here")
        }
    }
}

struct ConfinedNameTests {
    @Test func `loading, starting processes and being public have their places`() {
        let files = Repository.files(under: "Sources/", endings: ["swift", "c", "h"])
        files.flatMap(ConfinedName.findings).expectNone()
    }

    @Test func `canary: a confined name elsewhere is found`() {
        for line in ["unsafe dlopen(path, 0)", "dlclose(handle)", "public struct A {}"] {
            let file = SourceFile(path: "Sources/MillraceRuntime/A.swift", text: line)
            #expect(ConfinedName.findings(file).count == 1, "\(line)")
        }
        let home = SourceFile(path: "Sources/MillraceHost/A.swift", text: "unsafe dlopen(path, 0)")
        #expect(ConfinedName.findings(home).isEmpty)
    }
}
