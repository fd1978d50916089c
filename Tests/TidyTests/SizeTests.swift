// SPDX-License-Identifier: Apache-2.0
import Testing

/// How long files, lines and functions may be.
enum Size {
    static let fileLinesMax = 600
    static let columnsMax = 100
    static let functionLinesMax = 70
    static let readmeLinesMax = 250
    static let scriptLinesMax = 150

    static func tooLong(_ file: SourceFile, max: Int = fileLinesMax) -> [Finding] {
        guard file.lines.count > max else { return [] }
        return [file.finding(file.lines.count, "more than \(max) lines")]
    }

    static func tooWide(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().compactMap { number, line in
            line.count > columnsMax
                ? file.finding(number + 1, "\(line.count) columns, \(columnsMax) at most") : nil
        }
    }

    /// Functions above the limit that are not in `known`, or longer than they are there.
    static func longFunctions(_ file: SourceFile, known: [String: Int] = [:]) -> [Finding] {
        functions(of: file).compactMap { function in
            let allowed = max(functionLinesMax, known["\(file.path) \(function.name)"] ?? 0)
            guard function.lines > allowed else { return nil }
            return file.finding(
                function.line, "\(function.name) has \(function.lines) lines, \(allowed) at most")
        }
    }

    struct Function: Equatable {
        var name: String
        var line: Int
        var lines: Int
    }

    static func functions(of file: SourceFile) -> [Function] {
        file.ending == "swift" ? swiftFunctions(file.tokens) : cFunctions(file.tokens)
    }

    private static func swiftFunctions(_ tokens: [Token]) -> [Function] {
        let declarations: Set = ["func", "init", "deinit", "subscript"]
        let nextDeclaration: Set = ["}", "func", "var", "let", "case", "struct", "enum", "@"]
        var found: [Function] = []
        for (start, token) in tokens.enumerated() where declarations.contains(token.text) {
            if start > 0, tokens[start - 1].text == "." { continue }
            var depth = 0
            for index in tokens.indices[(start + 1)...] {
                let text = tokens[index].text
                if text == "(" || text == "[" { depth += 1 }
                if text == ")" || text == "]" { depth -= 1 }
                if depth < 0 || (depth == 0 && nextDeclaration.contains(text)) { break }
                if depth == 0, text == "{" {
                    let name = token.text == "func" ? tokens[start + 1].text : token.text
                    let end = closing(of: index, in: tokens)
                    found.append(
                        Function(name: name, line: token.line, lines: end - token.line + 1))
                    break
                }
            }
        }
        return found
    }

    private static func cFunctions(_ tokens: [Token]) -> [Function] {
        var found: [Function] = []
        var declaration = 0
        var index = 0
        while index < tokens.count {
            if tokens[index].text == ";" { declaration = index + 1 }
            if tokens[index].text == "{" {
                let end = closingIndex(of: index, in: tokens)
                if index > 0, tokens[index - 1].text == ")" {
                    let head = tokens[declaration..<index]
                    let parenthesis = head.firstIndex { $0.text == "(" } ?? index
                    let name = parenthesis > declaration ? tokens[parenthesis - 1].text : "?"
                    let line = tokens[declaration].line
                    found.append(
                        Function(name: name, line: line, lines: tokens[end].line - line + 1))
                }
                index = end
                declaration = end + 1
            }
            index += 1
        }
        return found
    }

    private static func closing(of index: Int, in tokens: [Token]) -> Int {
        tokens[closingIndex(of: index, in: tokens)].line
    }

    /// The brace that closes the one at `index`; the last token where none does.
    private static func closingIndex(of index: Int, in tokens: [Token]) -> Int {
        var depth = 0
        for at in tokens.indices[index...] {
            if tokens[at].text == "{" { depth += 1 }
            if tokens[at].text == "}" {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return tokens.count - 1
    }
}

struct SizeTests {
    private let code = Repository.files.filter {
        ["swift", "c", "h"].contains($0.ending) && !$0.isGenerated
    }

    @Test func `no source file is longer than 600 lines`() {
        let findings = code.flatMap { Size.tooLong($0) }
        findings.expectNone()
    }

    @Test func `the README is at most 250 lines and a script at most 150`() {
        let readme = Repository.files.filter { $0.path == "README.md" }
        let scripts = Repository.files.filter { $0.path.hasPrefix("scripts/") }
        #expect(readme.count == 1 && !scripts.isEmpty)
        let findings =
            readme.flatMap { Size.tooLong($0, max: Size.readmeLinesMax) }
            + scripts.flatMap { Size.tooLong($0, max: Size.scriptLinesMax) }
        findings.expectNone()
    }

    @Test func `no line of code is wider than 100 columns`() {
        let scripts = Repository.files.filter { $0.path.hasPrefix("scripts/") }
        let findings = (code + scripts).flatMap(Size.tooWide)
        findings.expectNone()
    }

    @Test func `no function is longer than 70 lines, and the known longer ones do not grow`() {
        let findings = code.flatMap { Size.longFunctions($0, known: LongFunctions.known) }
        findings.expectNone()
    }

    @Test func `the list of longer functions names none that is short or gone`() {
        let lengths = code.flatMap { file in
            Size.functions(of: file).map { ("\(file.path) \($0.name)", $0.lines) }
        }
        let long = Set(lengths.filter { $0.1 > Size.functionLinesMax }.map(\.0))
        let stale = LongFunctions.known.keys.filter { !long.contains($0) }.sorted()
        #expect(stale.isEmpty, "\(stale)")
    }

    @Test func `canary: what is too long is found`() {
        let body = Array(repeating: "    call()", count: 70).joined(separator: "\n")
        let swift = SourceFile(path: "a.swift", text: "func f(a: [Int] = []) {\n\(body)\n}\n")
        #expect(Size.longFunctions(swift).map(\.line) == [1])
        #expect(Size.longFunctions(swift, known: ["a.swift f": 72]).isEmpty)
        let c = SourceFile(path: "a.c", text: "int x;\nstatic int f(int a)\n{\n\(body)\n}\n")
        #expect(Size.longFunctions(c).map(\.line) == [2])
        let wide = SourceFile(path: "a.c", text: String(repeating: "x", count: 101))
        #expect(Size.tooWide(wide).count == 1)
        let long = SourceFile(path: "a.c", text: String(repeating: "\n", count: 601))
        #expect(Size.tooLong(long).count == 1)
    }

    @Test func `functions without a body and calls of init are no functions`() {
        let text = "protocol P {\n func a()\n var b: Int { get }\n}\nlet x = self.init()\nf { g() }"
        #expect(Size.functions(of: SourceFile(path: "a.swift", text: text)).isEmpty)
    }
}
