// SPDX-License-Identifier: Apache-2.0
// A template is a folder. What is in it becomes the new project: `{{word}}` is replaced in names of
// files and in their texts, and nothing else is done to them, except that the line with Millrace's
// licence goes, because what is made is the user's.
//
//     templates/any/any         files of every operator project
//     templates/any/KIND        what a kind has in every language: topologies, records of the test
//     templates/LANGUAGE/any    how that language is built
//     templates/LANGUAGE/KIND   the operator itself
//     templates/topology        a project without an operator
//
// They are laid over each other in this order. A language is added by adding a folder.
import Foundation
import MillraceCore
import MillraceSystem

struct ProjectTemplate {
    /// Folders, later ones over earlier ones.
    let layers: [String]
    /// What stands for `{{word}}`.
    let words: [String: String]

    /// Makes the folder: all of it, or nothing. Throws `folderExists` and `fileFailed`.
    func write(to folder: String) throws(Failure) {
        let files = FileManager.default
        guard !files.fileExists(atPath: folder), !ProjectTemplate.isLink(folder) else {
            throw Failure(
                .folderExists, "\(folder) is there already, and nothing of it is overwritten",
                next: "choose another name, or `--dir` another place")
        }
        let draft = folder + ".\(getpid()).new"
        do {
            for (path, source) in try self.files() {
                try write(source, to: draft + "/" + path)
            }
            try files.moveItem(atPath: draft, toPath: folder)
        } catch {
            // Of a folder that could not be made there may be nothing to remove.
            try? files.removeItem(atPath: draft)
            throw ProjectTemplate.failure(error, folder)
        }
    }

    /// Path in the project → file of the template.
    private func files() throws -> [(path: String, source: String)] {
        var found: [String: String] = [:]
        for layer in layers {
            for path in try FileManager.default.subpathsOfDirectory(atPath: layer) {
                var isFolder = ObjCBool(false)
                let source = layer + "/" + path
                guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder),
                    !isFolder.boolValue
                else { continue }
                found[try filled(path)] = source
            }
        }
        return found.sorted { $0.key < $1.key }.map { (path: $0.key, source: $0.value) }
    }

    private func write(_ source: String, to path: String) throws {
        let files = FileManager.default
        let text = try String(contentsOfFile: source, encoding: .utf8)
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(try filled(ProjectTemplate.withoutLicence(text)).utf8)
            .write(to: URL(fileURLWithPath: path))
        if files.isExecutableFile(atPath: source) {
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    /// The text with all words replaced. A word is of small letters: `{{"in", "any"}}` is C++.
    /// Throws `noTemplate` for a word that nothing stands for.
    func filled(_ text: String) throws(Failure) -> String {
        var out = ""
        var rest = text[...]
        while let open = rest.range(of: "{{") {
            out += rest[..<open.lowerBound]
            rest = rest[open.lowerBound...]
            let word = rest.dropFirst(2).prefix { $0 >= "a" && $0 <= "z" }
            guard !word.isEmpty, rest[word.endIndex...].hasPrefix("}}") else {
                out.append(rest.removeFirst())
                continue
            }
            guard let value = words[String(word)] else {
                let known = words.keys.sorted().map { "{{\($0)}}" }.joined(separator: " ")
                throw Failure(
                    .noTemplate, "the template uses {{\(word)}}, which stands for nothing",
                    next: "correct the template; there are \(known)")
            }
            out += value
            rest = rest[word.endIndex...].dropFirst(2)
        }
        return out + rest
    }

    /// Without the one line, among the first three, that names the licence of the template.
    static func withoutLicence(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if let at = lines.prefix(3).firstIndex(where: { $0.contains("SPDX-License-Identifier") }) {
            lines.remove(at: at)
        }
        return lines.joined(separator: "\n")
    }

    static func isLink(_ path: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
    }

    static func failure(_ error: any Error, _ place: String) -> Failure {
        if let failure = error as? Failure { return failure }
        if let error = error as? SystemError { return error.failure(.fileFailed) }
        let inner = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let reason = (inner ?? error as NSError)
        let text =
            reason.domain == NSPOSIXErrorDomain
            ? SystemError("write", Int32(reason.code)).reason : error.localizedDescription
        return Failure(
            .fileFailed, "cannot make \(place): \(text)",
            next: "look at the rights of the folder it is made in, and at the free space")
    }
}
