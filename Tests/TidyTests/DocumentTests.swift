// SPDX-License-Identifier: Apache-2.0
import Testing

/// What a reader follows in a document leads somewhere.
enum Documents {
    /// Targets of `[text](target)` outside fenced blocks, with their lines.
    static func links(_ file: SourceFile) -> [(target: String, line: Int)] {
        var isFenced = false
        return file.lines.enumerated().flatMap { number, line -> [(String, Int)] in
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { return [] }
            return line.split(separator: "](").dropFirst().map { rest in
                (String(rest.prefix { $0 != ")" }), number + 1)
            }
        }
    }

    /// The path a link of this file leads to; nil for an address or a place in the same file.
    static func path(_ target: String, from file: SourceFile) -> String? {
        guard !target.contains("://"), !target.hasPrefix("#") else { return nil }
        var parts = file.path.split(separator: "/").dropLast().map(String.init)
        for part in target.prefix(while: { $0 != "#" }).split(separator: "/") {
            if part == ".." {
                _ = parts.popLast()
            } else if part != "." {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    static func brokenLinks(_ file: SourceFile, existing: Set<String>) -> [Finding] {
        links(file).compactMap { target, line in
            guard let path = path(target, from: file) else { return nil }
            let isThere = existing.contains(path) || existing.contains { $0.hasPrefix(path + "/") }
            return isThere ? nil : file.finding(line, "leads to \(path), which is not there")
        }
    }
}

struct DocumentTests {
    @Test func `links between documents lead somewhere`() {
        let documents = Repository.files.filter { $0.ending == "md" }
        let existing = Set(Repository.paths)
        let findings = documents.flatMap { Documents.brokenLinks($0, existing: existing) }
        #expect(documents.count > 10)
        findings.expectNone()
    }

    @Test func `canary: a link that leads nowhere is found`() {
        let text = "[a](b.md) [c](../README.md#top) [d](https://github.com/a)\n```\n[e](f)\n```\n"
        let file = SourceFile(path: "docs/a.md", text: text)
        #expect(Documents.brokenLinks(file, existing: ["README.md"]).map(\.line) == [1])
    }
}
