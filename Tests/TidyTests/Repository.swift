// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The checked-out sources, read once. Everything git knows or would add; nothing it ignores.
enum Repository {
    /// This checkout, or the one that `MILLRACE_SOURCES` names.
    static let root: URL = {
        if let other = ProcessInfo.processInfo.environment["MILLRACE_SOURCES"] {
            return URL(fileURLWithPath: other)
        }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return folder.deletingLastPathComponent().deletingLastPathComponent()
    }()

    static let paths: [String] = {
        let listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
        let names =
            listed.status == 0 ? listed.output.split(separator: "\n").map(String.init) : walk()
        return names.filter { FileManager.default.fileExists(atPath: root.path + "/" + $0) }
            .sorted()
    }()

    static let files: [SourceFile] = paths.compactMap { path in
        guard let data = FileManager.default.contents(atPath: root.path + "/" + path),
            let text = String(data: data, encoding: .utf8)
        else { return nil }
        return SourceFile(path: path, text: text)
    }

    static func files(under folders: String..., endings: [String]) -> [SourceFile] {
        files.filter { file in
            folders.contains { file.path.hasPrefix($0) } && endings.contains(file.ending)
        }
    }

    static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    /// A command run in the root: its status and what it wrote to stdout.
    static func run(_ words: String...) -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = root
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return (-1, "") }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// For a copy of the sources without git.
    private static func walk() -> [String] {
        let skipped: Set = [".build", "build", ".git", ".swiftpm"]
        let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return top.filter { !skipped.contains($0) }.flatMap { entry -> [String] in
            let path = root.path + "/" + entry
            guard let below = FileManager.default.enumerator(atPath: path) else { return [entry] }
            let names = below.compactMap { $0 as? String }
            return names.isEmpty ? [entry] : names.map { entry + "/" + $0 }
        }
    }
}

/// One text file, as lines and as the words of its language.
struct SourceFile {
    let path: String
    let text: String
    let lines: [String]
    let tokens: [Token]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        let ending = Self.ending(of: path)
        let isCode = ["swift", "c", "h", "cpp"].contains(ending)
        self.tokens = isCode ? Tokenizer.tokens(of: text, isC: ending != "swift") : []
    }

    var ending: String { Self.ending(of: path) }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// `MillraceCore` of `Sources/MillraceCore/Failure.swift`; nil outside `Sources`.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.first == "Sources" && parts.count > 2 ? String(parts[1]) : nil
    }

    /// Modules named by `import`, with their lines.
    var imports: [(module: String, line: Int)] {
        guard ending == "swift" else { return [] }
        return lines.enumerated().compactMap { number, line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
                words[..<at].allSatisfy({ $0.hasPrefix("@") || Self.accessWords.contains($0) })
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "var"]
            let isKind = kinds.contains(words[at + 1]) && at + 2 < words.count
            let named = isKind ? words[at + 2] : words[at + 1]
            return (String(named.prefix { $0 != "." }), number + 1)
        }
    }

    func finding(_ line: Int, _ text: String) -> Finding {
        Finding(path: path, line: line, text: text)
    }

    private static let accessWords: Set<Substring> = ["package", "public", "internal", "private"]

    private static func ending(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "" }
        return String(name[name.index(after: dot)...])
    }
}

/// One place where a rule is broken.
struct Finding: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var text: String
    var description: String { "\(path):\(line): \(text)" }
}

extension [Finding] {
    /// Fails the test with one line for each, like a compiler's output.
    func expectNone(at place: SourceLocation = #_sourceLocation) {
        guard !isEmpty else { return }
        let report = map(\.description).joined(separator: "\n")
        Issue.record("\(count) findings\n\(report)", sourceLocation: place)
    }
}
