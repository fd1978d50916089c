// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Every code has a page, every page a code, and every page answers three questions.
enum ErrorPages {
    static let sections = ["## What it means", "## How to fix it", "## Example"]

    /// Numbers in the lines `case name = 1234` of `FailureCodes.swift`.
    static func codes(_ file: SourceFile) -> [Int] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 4, words[0] == "case", words[2] == "=" else { return nil }
            return Int(words[3])
        }
    }

    static func findings(codes: [Int], pages: [SourceFile]) -> [Finding] {
        let names = Set(codes.map { "MR\($0).md" })
        let present = Set(pages.map(\.name))
        let missing = names.subtracting(present).sorted().map {
            Finding(path: "docs/errors/\($0)", line: 1, text: "a code without its page")
        }
        let orphans = pages.filter { !names.contains($0.name) }.map {
            $0.finding(1, "a page without its code")
        }
        return missing + orphans + pages.flatMap(incomplete)
    }

    static func incomplete(_ page: SourceFile) -> [Finding] {
        let code = page.name.dropLast(3)
        var found: [Finding] = []
        if page.lines.first?.hasPrefix("# \(code) ") != true {
            found.append(page.finding(1, "does not begin with `# \(code) title`"))
        }
        let headings = page.lines.filter { $0.hasPrefix("## ") }
        if headings != sections {
            found.append(page.finding(1, "sections are not \(sections.joined(separator: ", "))"))
        }
        return found
    }
}

struct ErrorPageTests {
    @Test func `every code has a page and every page a code`() throws {
        let source = try #require(Repository.file("Sources/MillraceCore/FailureCodes.swift"))
        let codes = ErrorPages.codes(source)
        #expect(codes.count > 40)
        let pages = Repository.files(under: "docs/errors/", endings: ["md"])
        let findings = ErrorPages.findings(codes: codes, pages: pages)
        findings.expectNone()
    }

    @Test func `the program carries the pages as they are`() {
        #expect(Repository.run("scripts/error-pages", "--check").status == 0)
    }

    @Test func `canary: pages that the program does not carry are found`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("pages-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("# MR1001 another\n".utf8).write(to: folder.appendingPathComponent("MR1001.md"))
        let run = Repository.run("scripts/error-pages", "--check", "--pages", folder.path)
        #expect(run.status == 1)
    }

    @Test func `canary: a missing, an orphaned and an incomplete page are found`() {
        let text = "# MR2001 title\n## What it means\n## How to fix it\n## Example\n"
        let good = SourceFile(path: "docs/errors/MR2001.md", text: text)
        #expect(ErrorPages.findings(codes: [2001], pages: [good]).isEmpty)
        #expect(ErrorPages.findings(codes: [2001, 2002], pages: [good]).count == 1)
        #expect(ErrorPages.findings(codes: [], pages: [good]).count == 1)
        let bad = SourceFile(path: "docs/errors/MR2001.md", text: "# MR2002 title\n## Example\n")
        #expect(ErrorPages.findings(codes: [2001], pages: [bad]).count == 2)
        let swift = SourceFile(path: "a.swift", text: "    case usage = 1003\n    case .a: 5\n")
        #expect(ErrorPages.codes(swift) == [1003])
    }
}
