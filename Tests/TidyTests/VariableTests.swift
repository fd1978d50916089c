// SPDX-License-Identifier: Apache-2.0
import Testing

/// Each variable of the environment that the sources read is explained to users.
enum Variables {
    static let page = "Sources/MillraceAPI/VariablePages.swift"

    /// Names in `["NAME"]`, as dictionaries of variables are read.
    static func read(in file: SourceFile) -> [(name: String, line: Int)] {
        file.lines.enumerated().flatMap { number, line in
            line.split(separator: "[\"").dropFirst().compactMap { rest -> (String, Int)? in
                let name = rest.prefix { $0.isUppercase || $0 == "_" }
                let isWhole = name.count > 2 && rest.dropFirst(name.count).hasPrefix("\"]")
                return isWhole ? (String(name), number + 1) : nil
            }
        }
    }

    static func findings(_ files: [SourceFile], page: SourceFile) -> [Finding] {
        files.flatMap { file in
            read(in: file).filter { !page.text.contains("\"\($0.name)\"") }.map {
                file.finding($0.line, "reads \($0.name), which no page explains")
            }
        }
    }
}

struct VariableTests {
    @Test func `every variable that is read is explained`() throws {
        let page = try #require(Repository.file(Variables.page))
        let files = Repository.files(under: "Sources/", endings: ["swift"])
        #expect(files.flatMap(Variables.read).count > 6)
        let findings = Variables.findings(files, page: page)
        findings.expectNone()
    }

    @Test func `canary: a variable without a page is found`() {
        let file = SourceFile(
            path: "a.swift", text: "let a = variables[\"MILLRACE_NEW\"] ?? \"\"\n")
        let page = SourceFile(path: Variables.page, text: "name: \"MILLRACE_OLD\"\n")
        #expect(Variables.findings([file], page: page).count == 1)
    }
}
