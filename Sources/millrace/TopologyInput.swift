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

    var source: TopologySource {
        switch self {
        case .file(let name, let text): .yaml(text: text, file: name)
        case .words(let words): .words(words)
        }
    }

    /// Where relative paths in it begin.
    var folder: String {
        guard case .file(let name, _) = self, let slash = name.lastIndex(of: "/") else {
            return "."
        }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }

    /// One word that ends in `.yaml`, `.yml` or `.json`, or is `-`, is a file; anything else is a
    /// one-liner.
    static func isFile(_ words: [String]) -> Bool {
        guard words.count == 1 else { return false }
        return words[0] == "-"
            || [".yaml", ".yml", ".json"].contains { words[0].hasSuffix($0) }
    }

    /// Throws `inputMissing`, `tooLarge` and, for a folder, `notServed`.
    static func read(_ words: [String]) throws(Failure) -> TopologyInput {
        guard isFile(words) else {
            if words.count == 1, isFolder(words[0]) {
                throw Failure(
                    .notServed, "\(words[0]): a folder is known as a topology, but not served yet",
                    next: "name one file of it")
            }
            return .words(words)
        }
        return try readFile(words[0])
    }

    /// `-` is standard input.
    static func readFile(_ name: String) throws(Failure) -> TopologyInput {
        let path = name == "-" ? "/dev/stdin" : name
        let shown = name == "-" ? "<stdin>" : name
        do {
            let bytes = try DurableFile.read(path, limit: Limits.topologyBytesMax)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Failure(.yamlSyntax, "\(shown) is no UTF-8 text", next: "save it as UTF-8")
            }
            return .file(name: shown, text: text)
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

    private static func isFolder(_ path: String) -> Bool {
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
