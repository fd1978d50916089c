// SPDX-License-Identifier: Apache-2.0
// `${V}` the variable · `${V:-text}` with a default when unset or empty · `${V:?text}` an error
// with that text · `${file:PATH}` a file's content without its last newline · `$$` a `$`; before
// anything but `{` or `$` a `$` stays itself. The result is not read again. It happens in text
// leaves below `with`, in `plugins` and in `checkpoint.store`, nowhere else.
import MillraceCore

/// The world as interpolation sees it: handed in, because a check reads nothing itself.
package struct TopologyEnvironment: Sendable {
    package var variable: @Sendable (String) -> String?
    /// The text of a file; throws the reason in words as `Failure.text`.
    package var file: @Sendable (String) throws(Failure) -> String
    /// What an unset variable or an unreadable file is: an error to `run`, a warning to `check`,
    /// which may happen on another machine.
    package var unset: Finding.Severity

    package init(
        variable: @escaping @Sendable (String) -> String? = { _ in nil },
        file: @escaping @Sendable (String) throws(Failure) -> String = { (path) throws(Failure) in
            throw Failure(.fileUnreadable, "\(path) cannot be read here")
        },
        unset: Finding.Severity = .error
    ) {
        self.variable = variable
        self.file = file
        self.unset = unset
    }
}

/// Replaces `${…}` in the leaves of a topology tree where that is allowed.
package struct Interpolation {
    let environment: TopologyEnvironment

    package init(_ environment: TopologyEnvironment) { self.environment = environment }

    /// A text that interpolation leaves as `text`.
    package static func escaped(_ text: String) -> String {
        guard text.contains("$") else { return text }
        var out = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            out.append(character)
            if character == "$", rest.first == "{" || rest.first == "$" { out += "$" }
        }
        return out
    }

    /// The whole file.
    package func topology(_ tree: TreeValue, findings: inout Findings) -> TreeValue {
        guard case .map(var members) = tree.content else { return tree }
        for index in members.indices {
            let value = members[index].value
            switch members[index].name {
            case "plugins":
                members[index].value = leaves(value, node: nil, findings: &findings)
            case "nodes":
                members[index].value = nodes(value, findings: &findings)
            case "dead_letter":
                members[index].value = member("with", of: value, node: nil, findings: &findings)
            case "checkpoint":
                members[index].value = member("store", of: value, node: nil, findings: &findings)
            default: break
            }
        }
        var result = tree
        result.content = .map(members)
        return result
    }

    private func nodes(_ tree: TreeValue, findings: inout Findings) -> TreeValue {
        guard case .map(var members) = tree.content else { return tree }
        for index in members.indices {
            members[index].value = member(
                "with", of: members[index].value, node: members[index].name, findings: &findings)
        }
        var result = tree
        result.content = .map(members)
        return result
    }

    private func member(
        _ name: String, of tree: TreeValue, node: String?, findings: inout Findings
    ) -> TreeValue {
        guard case .map(var members) = tree.content else { return tree }
        for index in members.indices where members[index].name == name {
            members[index].value = leaves(members[index].value, node: node, findings: &findings)
        }
        var result = tree
        result.content = .map(members)
        return result
    }

    /// Every text leaf of a value.
    package func leaves(
        _ tree: TreeValue, node: String?, findings: inout Findings
    ) -> TreeValue {
        var result = tree
        switch tree.content {
        case .list(let items):
            result.content = .list(items.map { leaves($0, node: node, findings: &findings) })
        case .map(let members):
            result.content = .map(
                members.map { member in
                    var copy = member
                    let name = member.name
                    _ = Self.refuse(
                        name, at: member.nameMark, node: node, "the key `\(name)`", &findings)
                    copy.value = leaves(member.value, node: node, findings: &findings)
                    return copy
                })
        case .text(let text) where text.contains("$"):
            result = leaf(tree, text, node: node, findings: &findings)
            // A fault in a word is told once, not again for what is inside its brackets.
            var ignored = Findings()
            result.structured = tree.structured.map {
                leaves($0, node: node, findings: &ignored)
            }
        case .text, .null, .bool, .int, .float, .unresolved: break
        }
        return result
    }

    private func leaf(
        _ tree: TreeValue, _ text: String, node: String?, findings: inout Findings
    ) -> TreeValue {
        var result = tree
        var out = ""
        var forms = 0
        var literal = false
        var failed = false
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            if dollar > rest.startIndex { literal = true }
            out += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                out += "$"
                literal = true
                rest.removeFirst()
                continue
            }
            guard rest.first == "{" else {
                out += "$"
                literal = true
                continue
            }
            forms += 1
            let offset = text.distance(from: text.startIndex, to: dollar)
            let form = rest.prefix { $0 != "}" }
            let place = tree.place(ofCharacters: offset, length: form.count + 2)
            guard form.endIndex < rest.endIndex else {
                findings.error(
                    .interpolationSyntax, at: place, node: node, "`${` without a `}`",
                    next: "write `$$` for a dollar sign")
                return result
            }
            rest = rest[rest.index(after: form.endIndex)...]
            if let value = resolve(form.dropFirst(), place, node, &findings) {
                out += value
            } else {
                failed = true
            }
        }
        if !rest.isEmpty { literal = true }
        out += rest
        result.content = failed ? .unresolved : .text(out)
        if forms > 0, tree.origin != .word {
            result.origin = literal || forms > 1 ? .mixed : .variable
        }
        if forms > 0, tree.origin == .word, !literal, forms == 1 { result.origin = .variable }
        return result
    }

    /// The value of what stands between the braces; nil after a finding.
    private func resolve(
        _ form: Substring, _ place: Mark, _ node: String?, _ findings: inout Findings
    ) -> String? {
        if form.hasPrefix("file:") { return file(form.dropFirst(5), place, node, &findings) }
        let name = form.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = form.dropFirst(name.count)
        guard let first = name.first, !first.isNumber,
            rest.isEmpty || rest.hasPrefix(":-") || rest.hasPrefix(":?")
        else {
            findings.error(
                .interpolationSyntax, at: place, node: node,
                "`${\(form)}` is no variable, default or file",
                next: "forms: ${V} ${V:-text} ${V:?text} ${file:PATH}; `$$` is a dollar sign")
            return nil
        }
        let value = environment.variable(String(name))
        let argument = String(rest.dropFirst(2))
        if rest.isEmpty {
            if let value { return value }
            report(
                .variableUnset, place, node, "${\(name)} is not set and has no default",
                "set it, or write ${\(name):-default}", &findings)
            return nil
        }
        if let value, !value.isEmpty { return value }
        if rest.hasPrefix(":-") { return argument }
        report(.variableUnset, place, node, "\(name): \(argument)", "set \(name)", &findings)
        return nil
    }

    /// Whether a text has a form with a default that is not empty: that is written out after all.
    static func hasDefault(_ text: String) -> Bool {
        text.split(separator: "${", omittingEmptySubsequences: false).dropFirst().contains {
            let form = $0.prefix { $0 != "}" }
            guard !form.hasPrefix("file:"), let mark = form.firstRange(of: ":-") else {
                return false
            }
            return mark.upperBound < form.endIndex
        }
    }

    /// Refuses a `${…}` where it would stay as it is.
    static func refuse(
        _ text: String, at mark: Mark, node: String?, _ what: String, _ findings: inout Findings
    ) -> Bool {
        guard text.contains("${") else { return false }
        findings.error(
            .interpolationSyntax, at: mark, node: node,
            "\(what): `${…}` is not replaced here, only below `with`, in `plugins` and in "
                + "`checkpoint.store`",
            next: "write it out, or make the file with the tool that knows the value")
        return true
    }

    private func file(
        _ path: Substring, _ place: Mark, _ node: String?, _ findings: inout Findings
    ) -> String? {
        do {
            let text = try environment.file(String(path))
            guard text.hasSuffix("\n") || text.hasSuffix("\r\n") else { return text }
            return String(text.dropLast())
        } catch {
            report(
                .fileUnreadable, place, node, error.text,
                error.next ?? "check the path and its permissions", &findings)
            return nil
        }
    }

    private func report(
        _ code: FailureCode, _ place: Mark, _ node: String?, _ text: String, _ next: String,
        _ findings: inout Findings
    ) {
        findings.incomplete = true
        findings.add(
            environment.unset, Failure(code, at: place, node: node, text, next: next))
    }
}
