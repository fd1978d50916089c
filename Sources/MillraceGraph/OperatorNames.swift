// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Finds the operator that a `use` means: an exact id, else a unique suffix at a dot
/// (`fraud.score` for `com.example.fraud.score`); `@RANGE` narrows by the operator's version.
package struct OperatorNames: Sendable {
    private let entries: [String: [CatalogEntry]]
    /// Sorted.
    package let ids: [String]
    private let suffixes: [String: [String]]

    /// Of several versions of an operator the newest that fits is taken.
    package init(_ catalog: [CatalogEntry]) {
        var entries: [String: [CatalogEntry]] = [:]
        for entry in catalog { entries[entry.operation.id, default: []].append(entry) }
        var suffixes: [String: [String]] = [:]
        let ids = entries.keys.sorted()
        for id in ids {
            var rest = id[...]
            while let dot = rest.firstIndex(of: ".") {
                rest = rest[rest.index(after: dot)...]
                suffixes[String(rest), default: []].append(id)
            }
        }
        self.entries = entries
        self.ids = ids
        self.suffixes = suffixes
    }

    /// All that means the operator of this id: the id, and its ends at a dot that mean no other.
    package func names(of id: String) -> [String] {
        var names = [id]
        var rest = id[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            let name = String(rest)
            if entries[name] == nil, suffixes[name] == [id] { names.append(name) }
        }
        return names
    }

    /// Throws MR2101, MR2102 or MR2103 with the place of `use`.
    package func find(_ use: Marked<String>, node: String?) throws(Failure) -> CatalogEntry {
        let parts = use.value.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        var range: VersionRange?
        if parts.count == 2 {
            range = VersionRange(String(parts[1]))
            if range == nil {
                throw Failure(
                    .badID, at: use.mark, node: node, "`\(parts[1])` is no range of versions",
                    next: "write `\(name)@^1.2`, `\(name)@1.2.3` or `\(name)@>=1.0 <3`")
            }
        }
        let id = try identify(name, use.mark, node)
        let known = entries[id] ?? []
        let fitting = known.filter { range?.contains($0.operation.version) ?? true }
        guard
            let newest = fitting.reversed().max(by: {
                VersionRange.isOlder($0.operation.version, $1.operation.version)
            })
        else {
            let versions = known.map(\.operation.version).joined(separator: ", ")
            throw Failure(
                .unknownOperator, at: use.mark, node: node,
                "\(use.value): no installed version is in that range",
                next: "installed: \(id) \(versions)")
        }
        return newest
    }

    private func identify(
        _ name: String, _ mark: Mark, _ node: String?
    ) throws(Failure) -> String {
        if entries[name] != nil { return name }
        let matches = suffixes[name] ?? []
        if matches.count == 1 { return matches[0] }
        if matches.count > 1 {
            throw Failure(
                .ambiguousOperator, at: mark, node: node, "\(name): more than one operator fits",
                next: "write one of \(matches.map { "`\($0)`" }.joined(separator: ", "))")
        }
        throw Failure(
            .unknownOperator, at: mark, node: node, "\(name): unknown operator",
            next: Nearest.question(name, ids + suffixes.keys.sorted())
                ?? "`millrace plugin list` shows what is installed")
    }
}
