// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// `--set NODE.PARAM=VALUE`: a value below `with`, or the parallelism, instead of the file's.
enum Overrides {
    static let file = "--set"

    /// What marks of overrides point into: one override on each line.
    static func source(_ overrides: [String]) -> String {
        overrides.map(flat).joined(separator: "\n")
    }

    private static func flat(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    static func apply(
        _ overrides: [String], to tree: TreeValue, findings: inout Findings
    ) -> TreeValue {
        var result = tree
        for (index, text) in overrides.map(flat).enumerated() {
            let mark = Mark(file: file, line: index + 1, column: 1, length: max(1, text.count))
            apply(text, mark, &result, &findings)
        }
        return result
    }

    private static func apply(
        _ text: String, _ mark: Mark, _ tree: inout TreeValue, _ findings: inout Findings
    ) {
        guard let key = OneLiner.key(of: text), key.contains(".") else {
            findings.error(
                .usage, at: mark, "`\(text)` sets nothing", next: "write NODE.PARAM=VALUE")
            return
        }
        var path = key.split(separator: ".").map(String.init)
        let node = path.removeFirst()
        guard case .map(var top) = tree.content,
            let nodes = top.firstIndex(where: { $0.name == "nodes" }),
            case .map(var list) = top[nodes].value.content
        else { return }
        guard let place = list.firstIndex(where: { $0.name == node }) else {
            findings.error(
                .unknownNodeOrPort, at: mark, "there is no node `\(node)`",
                next: Nearest.question(node, list.map(\.name)))
            return
        }
        guard case .map(var members) = list[place].value.content else { return }
        let namesWith = path[0] == "with" && path.count > 1
        if !namesWith, path != ["parallelism"] { path.insert("with", at: 0) }
        let value = OneLiner.value(text, key, mark)
        replace(path, value, mark, key.count, in: &members)
        list[place].value.content = .map(members)
        top[nodes].value.content = .map(list)
        tree.content = .map(top)
    }

    private static func replace(
        _ path: [String], _ value: TreeValue, _ mark: Mark, _ length: Int,
        in members: inout [TreeMember]
    ) {
        let added = OneLiner.nested(path, value: value, mark: mark, length: length)
        guard let index = members.firstIndex(where: { $0.name == path[0] }) else {
            members.append(added)
            return
        }
        guard path.count > 1, case .map(var inner) = members[index].value.content else {
            members[index] = added
            return
        }
        replace(Array(path.dropFirst()), value, mark, length, in: &inner)
        members[index].value.content = .map(inner)
    }
}
