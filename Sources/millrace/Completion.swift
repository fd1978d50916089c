// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceHost

/// What a shell offers for the word that is being written. Called by the completion scripts; what
/// cannot be found out is not offered.
enum Completion {
    /// Words of a one-liner, or the file of a topology.
    static var topology: CompletionKind {
        .custom { words, index, prefix in
            let written = Array(words.prefix(index).drop { !isTopologyCommand($0) }.dropFirst())
            let line = OneLinerCompletion(entries: entries(), written: written, word: prefix)
            return line.candidates + (written.isEmpty ? files(prefix) : [])
        }
    }

    /// Names that `millrace explain` knows, one word each.
    static var subjects: CompletionKind {
        .custom { _, _, _ in
            let explainer = Explainer(
                catalog: entries(), commands: CommandPages.subjects(of: Millrace.self))
            let names = Subject.Kind.allCases.flatMap { kind in explainer.list(kind).map(\.name) }
            return Set(names.flatMap { name in name.split(separator: " ").map(String.init) })
                .sorted()
        }
    }

    /// Ids and names of runs.
    static var jobs: CompletionKind {
        .custom { _, _, _ in
            Set(Client.all().flatMap { [$0.job, $0.name] }).sorted()
        }
    }

    /// Nodes of runs: `RUN/NODE`.
    static var nodes: CompletionKind {
        .custom { _, _, _ in
            Set(
                Client.all().flatMap { view in
                    view.nodes.flatMap { ["\(view.job)/\($0.id)", "\(view.name)/\($0.id)"] }
                }
            ).sorted()
        }
    }

    private static func isTopologyCommand(_ word: String) -> Bool {
        word == "run" || word == "show" || word == "bench"
    }

    private static func entries() -> [CatalogEntry] {
        guard let catalog = try? PluginOptions.catalog([]) else { return [] }
        return (try? catalog.scan(extra: []).entries) ?? []
    }

    /// Topologies and folders that begin like the word.
    private static func files(_ word: String) -> [String] {
        let folder = word.lastIndex(of: "/").map { word[...$0] } ?? ""
        let path = folder.isEmpty ? "." : String(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.sorted().compactMap { name in
            var isFolder = ObjCBool(false)
            _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
            if name.hasPrefix(".") { return nil }
            if isFolder.boolValue { return folder + name + "/" }
            let isTopology = [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
            return isTopology ? folder + name : nil
        }
    }
}

/// What may come next in a one-liner.
struct OneLinerCompletion {
    let entries: [CatalogEntry]
    /// Words behind the command, in front of the one that is being written. A shell that breaks
    /// words at `=` gives three for a setting.
    let written: [String]
    /// The word up to the cursor.
    let word: String

    private enum Place {
        /// At the beginning: a source, or `@name`.
        case start
        /// Behind `!`: what takes records.
        case consumer
        /// Behind an operator: a setting, `!`, or another chain.
        case setting(CatalogEntry)
        /// Behind `name=`.
        case value(CatalogEntry, parameter: String)
        /// Behind an operator that is not known.
        case lost
    }

    var candidates: [String] {
        switch place {
        case .lost: return []
        case .start: return operators { $0 == .source } + references
        case .consumer: return operators { $0 == .transform || $0 == .sink } + references
        case .value(let entry, let name):
            let parameter = entry.operation.parameters.first { $0.name == name }
            if parameter?.kind == .bool { return ["true", "false"] }
            return parameter?.choices.map(\.value) ?? []
        case .setting(let entry):
            let names = entry.operation.parameters.map(\.name) + ["name", "parallelism"]
            let fresh = names.filter { !given.contains($0) }.map { $0 + "=" }
            // A word that is no setting begins another chain.
            let chains = word.isEmpty ? [] : operators { $0 == .source } + references
            return (entry.operation.kind == .sink ? [] : ["!"]) + fresh + chains
        }
    }

    private var place: Place {
        var place = Place.start
        for (index, word) in written.enumerated() where !isFlag(at: index) {
            if word == "!" {
                place = .consumer
            } else if word.hasPrefix("["), case .consumer = place {
                continue
            } else if word == "=", index > 0, case .setting(let entry) = place {
                place = .value(entry, parameter: written[index - 1])
            } else if case .value(let entry, _) = place {
                place = .setting(entry)
            } else if word.contains("=") || written.dropFirst(index + 1).first == "=" {
                continue
            } else if let entry = entries.first(where: { $0.operation.id == word }) {
                place = .setting(entry)
            } else {
                place = .lost
            }
        }
        return place
    }

    /// A flag of the command, or the value of one.
    private func isFlag(at index: Int) -> Bool {
        if written[index].hasPrefix("-") { return true }
        guard index > 0 else { return false }
        let before = written[index - 1]
        let plain: Set = ["-q", "-v", "--quiet", "--verbose", "--resolved"]
        return before.hasPrefix("-") && !before.contains("=") && !plain.contains(before)
    }

    private func operators(_ isWanted: (OperatorDescription.Kind) -> Bool) -> [String] {
        entries.filter { isWanted($0.operation.kind) }.map(\.operation.id).sorted()
    }

    /// Nodes that have been named.
    private var references: [String] {
        written.enumerated().compactMap { index, word in
            if word.hasPrefix("name=") { return "@" + word.dropFirst(5) }
            let isSplit = index > 1 && written[index - 1] == "=" && written[index - 2] == "name"
            return isSplit ? "@" + word : nil
        }
    }

    /// Settings of the last operator.
    private var given: [String] {
        let own = written.reversed().prefix { $0 != "!" }
        return own.map { word in String(word.prefix { $0 != "=" }) }
    }
}
