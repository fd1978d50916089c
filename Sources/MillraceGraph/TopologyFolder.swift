// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One file of a topology: what messages call it, and its text.
package struct TopologyFile: Hashable, Sendable {
    package var name: String
    package var text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// The files of a folder as one topology.
///
/// `nodes` of all files are put together, in the order of the files' names; an id in two of them
/// is refused. Any other key stands in one file only, but `millrace`, which each file may have, so
/// that an editor can check it alone. The limits of a file are those of all files together.
enum TopologyFolder {
    /// Nil when there is a finding that leaves nothing to go on with.
    static func read(_ files: [TopologyFile], findings: inout Findings) -> TreeValue? {
        let bytes = files.reduce(0) { $0 + $1.text.utf8.count }
        if bytes > Limits.topologyBytesMax, files.count > 1 {
            findings.error(
                .tooLarge, at: files.last.map { Mark(file: $0.name, line: 1, column: 1) },
                "the files have \(bytes) bytes together, more than \(Limits.topologyBytesMax)",
                next: "split the topology into several jobs")
            return nil
        }
        var merged: [TreeMember] = []
        var start: Mark?
        var count = 0
        var failed = false
        for file in files {
            guard let tree = YAMLReader.read(file.text, file: file.name, findings: &findings)
            else {
                failed = true
                continue
            }
            start = start ?? tree.mark
            // A file of comments alone is no fault.
            if tree.content == .null, files.count > 1 { continue }
            guard case .map(let members) = tree.content else {
                var shape = ShapeReader(findings: findings)
                shape.wrong(tree, "topology", "a map with `nodes` or other keys of a topology")
                findings = shape.findings
                failed = true
                continue
            }
            count += tree.count
            for member in members { add(member, to: &merged, &findings) }
        }
        guard !failed, let start else { return nil }
        if count > Limits.nodesMax {
            findings.error(
                .tooLarge, at: start,
                "more than \(Limits.nodesMax) values in all files, aliases expanded",
                next: "split the topology into several jobs")
            return nil
        }
        return TreeValue(.map(merged), at: start)
    }

    private static func add(
        _ member: TreeMember, to merged: inout [TreeMember], _ findings: inout Findings
    ) {
        guard let place = merged.firstIndex(where: { $0.name == member.name }) else {
            merged.append(member)
            return
        }
        if member.name == "millrace", member.value.content == merged[place].value.content { return }
        guard member.name == "nodes", case .map(var nodes) = merged[place].value.content,
            case .map(let added) = member.value.content
        else {
            findings.error(
                .duplicateKey, at: member.nameMark,
                "`\(member.name)` is in two files, first in \(shown(merged[place].nameMark))",
                next: "keep it in one file: only `nodes` are put together")
            return
        }
        var known: [String: Mark] = [:]
        for node in nodes { known[node.name] = node.nameMark }
        for node in added {
            guard let first = known[node.name] else {
                nodes.append(node)
                continue
            }
            findings.error(
                .duplicateKey, at: node.nameMark, node: node.name,
                "`\(node.name)` is in two files, first in \(shown(first))",
                next: "give one of them another id")
        }
        merged[place].value.content = .map(nodes)
    }

    private static func shown(_ mark: Mark) -> String {
        "\(mark.file):\(mark.line):\(mark.column)"
    }
}

extension TreeValue {
    /// Values in it, itself included.
    var count: Int {
        switch content {
        case .list(let items): items.reduce(1) { $0 + $1.count }
        case .map(let members): members.reduce(1) { $0 + $1.value.count }
        case .null, .bool, .int, .float, .text, .unresolved: 1
        }
    }
}
