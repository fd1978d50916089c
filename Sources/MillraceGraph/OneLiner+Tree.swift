// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The tree of the words.
extension OneLiner {
    mutating func tree(length: Int) -> TreeValue {
        nameItems()
        var consumers: [String: Int] = [:]
        for (index, item) in items.enumerated() { consumers[item.id] = index }
        for entry in pending {
            if let index = consumers[entry.name] {
                items[index].links.append(entry.link)
                continue
            }
            findings.error(
                .unknownNodeOrPort, at: entry.mark, "there is no node `\(entry.name)`",
                next: Nearest.question(entry.name, consumers.keys.sorted())
                    ?? "name one: `OPERATOR name=\(entry.name)`")
        }
        let start = Self.mark(1, length)
        let version = TreeMember(
            name: "millrace", nameMark: start, value: TreeValue(.int(1), at: start, raw: "1"))
        let nodes = TreeMember(
            name: "nodes", nameMark: start,
            value: TreeValue(.map(items.map { node($0) }), at: start))
        return TreeValue(.map([version, nodes]), at: start)
    }

    /// Given names first, so that `@n` never means a made-up one.
    private mutating func nameItems() {
        var taken: Set<String> = []
        for index in items.indices {
            guard let name = items[index].name else { continue }
            items[index].id = name.raw
            if !taken.insert(name.raw).inserted { duplicate(name.raw, name.mark) }
        }
        for index in items.indices where items[index].name == nil {
            let stem = Self.defaultID(items[index].use.text)
            var id = stem
            var number = 2
            while !taken.insert(id).inserted {
                id = "\(stem)_\(number)"
                number += 1
            }
            items[index].id = id
        }
    }

    /// `kafka.source@^1` gives `kafka_source`, `libm.so.6!sqrt(…) -> …` gives `sqrt`.
    package static func defaultID(_ use: String) -> String {
        if Names.isCFunction(use) { return CFunction.defaultID(use) }
        let name = use.prefix { $0 != "@" }
        var id = ""
        for byte in name.utf8 {
            let kept = (97...122).contains(byte) || (48...57).contains(byte)
            if kept { id.unicodeScalars.append(Unicode.Scalar(byte)) } else { id += "_" }
        }
        return id == "errors" ? "errors_" : id
    }

    private func node(_ item: Item) -> TreeMember {
        let use = TreeMember(
            name: "use", nameMark: item.use.mark,
            value: TreeValue(
                .text(item.use.text), at: item.use.mark, origin: .word, raw: item.use.text))
        var members = [use] + item.members
        if !item.with.isEmpty {
            let place = item.with[0].nameMark
            members.append(
                TreeMember(
                    name: "with", nameMark: place, value: TreeValue(.map(item.with), at: place)))
        }
        if let first = item.links.first {
            members.append(
                TreeMember(
                    name: "from", nameMark: first.mark,
                    value: TreeValue(.list(item.links.map { from($0) }), at: first.mark)))
        }
        let mark = item.name?.mark ?? item.use.mark
        return TreeMember(
            name: item.id, nameMark: mark, value: TreeValue(.map(members), at: item.use.mark))
    }

    private func from(_ link: Link) -> TreeValue {
        let name = link.producer.item.map { items[$0].id } ?? link.producer.name
        let place = link.producer.item == nil ? link.producer.mark : link.mark
        let text = TreeValue(.text(name), at: place, origin: .word, raw: name)
        guard link.edge != nil || link.input != nil else { return text }
        var members = [TreeMember(name: "node", nameMark: place, value: text)]
        members += link.edge?.members ?? []
        if let input = link.input {
            members.append(
                TreeMember(
                    name: "input", nameMark: input.mark,
                    value: TreeValue(
                        .text(input.value), at: input.mark, origin: .word, raw: input.value)))
        }
        return TreeValue(.map(members), at: link.edge?.mark ?? place)
    }
}
