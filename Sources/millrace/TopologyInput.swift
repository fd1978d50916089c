// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MillraceCore
import MillraceGraph
import MillraceSystem

/// What a command line names as its topology.
enum TopologyInput: Equatable {
    /// A file with its text.
    case file(name: String, text: String)
    /// A one-liner.
    case words([String])
    /// A folder with its files, in the order of their names.
    case folder(name: String, files: [TopologyFile])

    var source: TopologySource {
        switch self {
        case .file(let name, let text): .yaml(text: text, file: name)
        case .words(let words): .words(words)
        case .folder(let name, let files): .folder(name: name, files: files)
        }
    }

    /// Files that whoever started us has opened: they have no folder of their own.
    private static let openFiles = "/dev/fd/"

    /// Where relative paths in it begin.
    var folder: String {
        switch self {
        case .words: return "."
        case .folder(let name, _): return name
        case .file(let name, _):
            guard let slash = name.lastIndex(of: "/"), !name.hasPrefix(Self.openFiles) else {
                return "."
            }
            return slash == name.startIndex ? "/" : String(name[..<slash])
        }
    }

    /// One word that ends in `.yaml`, `.yml` or `.json`, or is `-` or an open file (`/dev/fd/3`),
    /// is a file; one that names a folder is that; anything else is a one-liner.
    static func isFile(_ words: [String]) -> Bool {
        guard words.count == 1 else { return false }
        return words[0] == "-" || words[0].hasPrefix(openFiles)
            || [".yaml", ".yml", ".json"].contains { words[0].hasSuffix($0) }
    }

    /// The same of a folder that an option names. Throws MR1003 for none: a variable of the shell
    /// that is not set would else mean the working folder.
    static func folder(_ path: String, of option: String) throws(Failure) -> String {
        guard !path.isEmpty else {
            throw Failure(
                .usage, "\(option): expected a folder, found nothing",
                next: "name one; a variable of the shell may be empty")
        }
        return absolute(path)
    }

    /// The path that another process has to be given for this one.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    /// Throws `inputMissing`, `tooLarge` and `yamlSyntax`.
    static func read(_ words: [String]) throws(Failure) -> TopologyInput {
        guard words.count == 1, isFile(words) || isFolder(words[0]) else { return .words(words) }
        return try readFile(words[0])
    }

    /// A file or a folder; `-` is standard input.
    static func readFile(_ name: String) throws(Failure) -> TopologyInput {
        if name != "-", isFolder(name) { return try readFolder(name) }
        let shown = name == "-" ? "<stdin>" : name
        return .file(name: shown, text: try text(name == "-" ? "/dev/stdin" : name, shown))
    }

    /// All `*.yaml` files right in the folder; those that begin with a dot are no part of it.
    private static func readFolder(_ name: String) throws(Failure) -> TopologyInput {
        let folder = name.count > 1 && name.hasSuffix("/") ? String(name.dropLast()) : name
        var names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw Failure(.inputMissing, "\(folder): the folder cannot be listed")
        }
        names.removeAll { $0.hasPrefix(".") || !$0.hasSuffix(".yaml") }
        var files: [TopologyFile] = []
        for file in names.sorted() {
            let path = "\(folder)/\(file)"
            if isFolder(path) { continue }
            files.append(TopologyFile(name: path, text: try text(path, path)))
        }
        if files.isEmpty {
            throw Failure(
                .inputMissing, "\(folder): no *.yaml file in this folder",
                next: "name the topology's file")
        }
        return .folder(name: folder, files: files)
    }

    private static func text(_ path: String, _ shown: String) throws(Failure) -> String {
        do {
            let bytes = try DurableFile.read(path, limit: Limits.topologyBytesMax)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            throw Failure(
                .yamlSyntax, at: SourceLines.invalidPlace(bytes, file: shown),
                "\(shown) is no UTF-8 text", next: "save it as UTF-8")
        } catch let error as SystemError {
            if error.number == EFBIG {
                throw Failure(
                    .tooLarge, "\(shown) is larger than 1 MiB", next: "split it, or generate less")
            }
            throw Failure(.inputMissing, "\(shown): \(error.reason)")
        } catch let failure as Failure {
            throw failure
        } catch {
            preconditionFailure("BUG: \(error) is neither a failure nor a system error")
        }
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder = ObjCBool(false)
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// `NAME=value` lines of a file; empty lines and those that begin with `#` are skipped.
    static func variables(in file: String) throws(Failure) -> [String: String] {
        guard case .file(_, let text) = try readFile(file) else { return [:] }
        var found: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), isName(line[..<equals]) else {
                throw Failure(
                    .usage, at: Mark(file: file, line: number + 1, column: 1, length: line.count),
                    "a line of an environment file is NAME=value")
            }
            var value = line[line.index(after: equals)...]
            if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'",
                value.last == quote
            {
                value = value.dropFirst().dropLast()
            }
            found[String(line[..<equals])] = String(value)
        }
        return found
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
