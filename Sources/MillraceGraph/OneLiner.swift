// SPDX-License-Identifier: Apache-2.0
// One word of the command line each:
//
//     pipeline = chain , { chain } ;
//     chain    = item , { "!" , [ edge ] , item } ;
//     item     = OPERATOR , { setting } | "@" NODE [ "." PORT ] ;
//     setting  = KEY "=" VALUE ;
//     edge     = "[" { setting } "]" ;
//     KEY      = "name" | "parallelism" | "on_error" | "isolation" | "window." X | "event_time." X
//              | PARAM | "with." PARAM ;
//
// A word that is no setting and follows an item without `!` begins a new chain. `@n` is the node
// named `n` anywhere in the line: a producer at the start of a chain, a consumer after `!` (and
// then the producer of what follows). Without `name=` the id is the operator's name with dots as
// `_`, then `_2`, `_3`. Values are text and take the type of their parameter; one that begins
// with `[` or `{` is JSON where the parameter is a list, a map or an object.
//
// The result is the tree that a file of the same meaning would give, so that everything after it
// is shared. Marks: file `<command line>`, line 1, column in the words joined by one space.
import MillraceCore

/// Words of a command line to a topology tree.
package struct OneLiner {
    package static let file = "<command line>"

    /// What marks of a one-liner point into.
    package static func source(_ words: [String]) -> String {
        words.map(flat).joined(separator: " ")
    }

    /// Nil when the words make no pipeline; each fault is a finding (MR2501–2503, 2002, 2302).
    package static func read(_ words: [String], findings: inout Findings) -> TreeValue? {
        var reader = OneLiner(findings: findings)
        let before = findings.all.count
        var column = 1
        for word in words {
            let flat = flat(word)
            reader.read(Word(text: flat, mark: mark(column, flat.count)))
            column += flat.count + 1
        }
        reader.end()
        let tree = reader.tree(length: max(1, column - 2))
        findings = reader.findings
        return findings.all.count == before ? tree : nil
    }

    private static func flat(_ word: String) -> String {
        String(word.map { $0.isNewline ? " " : $0 })
    }

    private static func mark(_ column: Int, _ length: Int) -> Mark {
        Mark(file: file, line: 1, column: column, length: max(1, length))
    }

    private struct Word {
        var text: String
        var mark: Mark
    }

    /// Where the reading stands.
    private enum State {
        /// Nothing is open: a chain may begin.
        case start
        /// An operator has just been read; settings may follow.
        case item(Int)
        /// `@n` has just been read; one that already took records need not give any.
        case reference(Producer, took: Bool)
        /// A `!` waits for its consumer, perhaps after an edge.
        case bang(Producer, mark: Mark, edge: Edge?)
        /// A fault was told; reading goes on after the next `!`.
        case lost
    }

    private struct Producer {
        /// Index in `items`, or nil for a name.
        var item: Int?
        var name = ""
        var mark: Mark
    }

    private struct Edge {
        var members: [TreeMember]
        var mark: Mark
    }

    private struct Link {
        var producer: Producer
        var mark: Mark
        var edge: Edge?
        var input: Marked<String>?
    }

    private struct Item {
        var use: Word
        var name: TreeValue?
        var members: [TreeMember] = []
        var with: [TreeMember] = []
        var links: [Link] = []
        var id = ""
    }

    /// `… ! @n` waits until every name is known.
    private struct Pending {
        var name: String
        var mark: Mark
        var link: Link
    }

    private var findings: Findings
    private var state = State.start
    private var items: [Item] = []
    private var pending: [Pending] = []

    private init(findings: Findings) { self.findings = findings }
}

/// Words, one after the other.
extension OneLiner {
    private mutating func read(_ word: Word) {
        if word.text == "!" {
            bang(word)
        } else if word.text.hasPrefix("[") {
            edge(word)
        } else if word.text.hasPrefix("@") {
            reference(word)
        } else if Names.isCFunction(word.text) {
            findings.error(
                .notServed, at: word.mark,
                "C functions are known, but not served by this release",
                next: "write a plugin around it; docs/abi.md shows one in 20 lines")
            state = .lost
        } else if let key = Self.key(of: word.text) {
            setting(word, key)
        } else {
            operation(word)
        }
    }

    private mutating func bang(_ word: Word) {
        switch state {
        case .item(let index):
            let producer = Producer(item: index, mark: items[index].use.mark)
            state = .bang(producer, mark: word.mark, edge: nil)
        case .reference(let producer, _):
            state = .bang(producer, mark: word.mark, edge: nil)
        case .start:
            syntax(word.mark, "`!` has no operator before it", "begin with a source")
        case .bang:
            syntax(word.mark, "two `!` without an operator between them", "remove one of them")
        case .lost:
            state = .lost
        }
    }

    private mutating func operation(_ word: Word) {
        if word.text.contains("!") {
            syntax(
                word.mark, "`\(word.text)` is no operator", "put spaces around `!`")
            return
        }
        guard let first = word.text.unicodeScalars.first, ("a"..."z").contains(first) else {
            let shown = word.text.isEmpty ? "an empty word" : "`\(word.text)`"
            syntax(
                word.mark, "\(shown) is neither an operator nor a setting",
                "write OPERATOR KEY=VALUE … ! OPERATOR …")
            return
        }
        var item = Item(use: word)
        if case .bang(let producer, let mark, let edge) = state {
            item.links.append(Link(producer: producer, mark: mark, edge: edge))
        }
        unfinishedReference()
        items.append(item)
        state = .item(items.count - 1)
    }

    private mutating func reference(_ word: Word) {
        let text = String(word.text.dropFirst())
        guard !text.isEmpty, text.first != "." else {
            syntax(word.mark, "`@` without a node", "write `@NODE` or `@NODE.PORT`")
            return
        }
        let producer = Producer(name: text, mark: word.mark)
        if case .bang(let from, let mark, let edge) = state {
            let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
            var link = Link(producer: from, mark: mark, edge: edge)
            if parts.count == 2 { link.input = Marked(parts[1], at: word.mark) }
            pending.append(Pending(name: parts[0], mark: word.mark, link: link))
            state = .reference(Producer(name: parts[0], mark: word.mark), took: true)
            return
        }
        unfinishedReference()
        state = .reference(producer, took: false)
    }

    private mutating func edge(_ word: Word) {
        guard case .bang(let producer, let mark, let before) = state else {
            findings.error(
                .edgeWithoutProducer, at: word.mark, "an edge stands behind a `!`",
                next: "write … ! '[partition=hash]' OPERATOR")
            state = .lost
            return
        }
        if before != nil {
            syntax(word.mark, "two edges behind one `!`", "put all settings into one pair of []")
            return
        }
        guard word.text.hasSuffix("]"), word.text.count >= 2 else {
            syntax(word.mark, "the edge has no `]`", "quote it: '[partition=hash key=id]'")
            return
        }
        var members: [TreeMember] = []
        var offset = 1
        let inner = word.text.dropFirst().dropLast()
        for part in inner.split(separator: " ", omittingEmptySubsequences: false) {
            var place = word.mark
            place.column += offset
            place.length = max(1, part.count)
            offset += part.count + 1
            if part.isEmpty { continue }
            let setting = Word(text: String(part), mark: place)
            guard let key = Self.key(of: setting.text) else {
                syntax(place, "`\(part)` is no setting of an edge", "write KEY=VALUE")
                return
            }
            report(Self.merge(edgeMember(setting, key), into: &members), key)
        }
        state = .bang(producer, mark: mark, edge: Edge(members: members, mark: word.mark))
    }

    /// `key=a,b` is a list; `partition.use=OPERATOR` names a partitioner.
    private func edgeMember(_ word: Word, _ key: String) -> TreeMember {
        var member = Self.nested(word, key, key.split(separator: ".").map(String.init))
        guard key == "key", case .text(let text) = member.value.content, text.contains(",") else {
            return member
        }
        let mark = member.value.mark
        member.value.content = .list(
            text.split(separator: ",").map { part in
                TreeValue(.text(String(part)), at: mark, origin: .word, raw: String(part))
            })
        return member
    }

    private mutating func setting(_ word: Word, _ key: String) {
        guard case .item(let index) = state else {
            switch state {
            case .reference:
                syntax(
                    word.mark, "settings stand where the node is defined, not behind `@`",
                    "move `\(word.text)` there")
            case .start, .bang:
                syntax(
                    word.mark, "`\(word.text)` is a setting, an operator was expected",
                    "put the operator's name before it")
            case .lost, .item: break
            }
            return
        }
        let reserved = ["parallelism", "on_error", "isolation"]
        if key == "name" {
            let value = Self.member(word, key: key, name: key).value
            if items[index].name == nil {
                items[index].name = value
            } else {
                duplicate("name", word.mark)
            }
        } else if reserved.contains(key) {
            let member = Self.member(word, key: key, name: key)
            report(Self.merge(member, into: &items[index].members), key)
        } else if key.hasPrefix("window.") || key.hasPrefix("event_time.") {
            let path = key.split(separator: ".").map(String.init)
            let member = Self.nested(word, key, path)
            report(Self.merge(member, into: &items[index].members), key)
        } else {
            let name = key.hasPrefix("with.") ? String(key.dropFirst(5)) : key
            let path = name.split(separator: ".").map(String.init)
            let member = Self.nested(word, key, path)
            report(Self.merge(member, into: &items[index].with), name)
        }
    }

    private mutating func end() {
        switch state {
        case .bang(_, let mark, _):
            findings.error(
                .endsAfterBang, at: mark, "the line ends after `!`",
                next: "name the operator that takes the records, such as `stdout`")
        case .reference: unfinishedReference()
        case .start:
            if items.isEmpty, findings.all.isEmpty {
                syntax(Self.mark(1, 1), "no operator", "write OPERATOR ! OPERATOR …")
            }
        case .item, .lost: break
        }
    }

    private mutating func unfinishedReference() {
        if case .reference(let producer, took: false) = state {
            syntax(
                producer.mark, "`@\(producer.name)` alone does nothing",
                "write `@\(producer.name) ! OPERATOR`")
        }
    }

    private mutating func syntax(_ mark: Mark, _ text: String, _ next: String) {
        findings.error(.oneLinerSyntax, at: mark, text, next: next)
        state = .lost
    }

    private mutating func duplicate(_ name: String, _ mark: Mark) {
        findings.error(
            .duplicateKey, at: mark, "`\(name)` appears twice", next: "remove one of them")
    }
}

/// The tree of the words.
extension OneLiner {
    private mutating func tree(length: Int) -> TreeValue {
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

    /// `kafka.source@^1` gives `kafka_source`.
    package static func defaultID(_ use: String) -> String {
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

/// Settings: shared with `--set`.
extension OneLiner {
    /// The key of a word `KEY=VALUE`; nil when it is none.
    package static func key(of word: String) -> String? {
        guard let equals = word.firstIndex(of: "=") else { return nil }
        let key = word[..<equals]
        guard let first = key.utf8.first, (97...122).contains(first) || first == UInt8(ascii: "_"),
            key.last != ".", !key.contains(".."),
            key.utf8.allSatisfy({
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                    || "_.-".utf8.contains($0)
            })
        else { return nil }
        return String(key)
    }

    private static func member(_ word: Word, key: String, name: String) -> TreeMember {
        var nameMark = word.mark
        nameMark.length = key.count
        return TreeMember(name: name, nameMark: nameMark, value: value(word.text, key, word.mark))
    }

    private static func nested(_ word: Word, _ key: String, _ path: [String]) -> TreeMember {
        nested(path, value: value(word.text, key, word.mark), mark: word.mark, length: key.count)
    }

    /// `a.b` and a value give `{a: {b: value}}`.
    package static func nested(
        _ path: [String], value: TreeValue, mark: Mark, length: Int
    ) -> TreeMember {
        var place = mark
        place.length = length
        var inner = value
        for name in path.dropFirst().reversed() {
            inner = TreeValue(
                .map([TreeMember(name: name, nameMark: place, value: inner)]), at: place)
        }
        return TreeMember(name: path[0], nameMark: place, value: inner)
    }

    /// The value of a word whose key is known; `mark` is the word's.
    package static func value(_ word: String, _ key: String, _ mark: Mark) -> TreeValue {
        let text = String(word.dropFirst(key.count + 1))
        var place = mark
        place.column += key.count + 1
        place.length = max(1, text.count)
        var value = TreeValue(.text(text), at: place, origin: .word, raw: text)
        if text.hasPrefix("[") || text.hasPrefix("{") {
            var ignored = Findings()
            let json = YAMLReader.read(text, file: place.file, findings: &ignored)
            if let json, !ignored.hasErrors { value.structured = [json.moved(to: place)] }
        }
        return value
    }

    private mutating func report(_ repeated: Mark?, _ name: String) {
        if let repeated { duplicate(name, repeated) }
    }

    /// Adds a member, into maps that are there; gives the place of one that is there already.
    package static func merge(_ member: TreeMember, into members: inout [TreeMember]) -> Mark? {
        guard let index = members.firstIndex(where: { $0.name == member.name }) else {
            members.append(member)
            return nil
        }
        guard case .map(var inner) = members[index].value.content,
            case .map(let added) = member.value.content
        else { return member.nameMark }
        for one in added {
            if let mark = merge(one, into: &inner) { return mark }
        }
        members[index].value.content = .map(inner)
        return nil
    }
}

extension TreeValue {
    /// The same with marks that begin at `place` instead of in line 1, column 1.
    fileprivate func moved(to place: Mark) -> TreeValue {
        func move(_ mark: Mark) -> Mark {
            var mark = mark
            if mark.line == 1 { mark.column += place.column - 1 }
            mark.line = place.line
            return mark
        }
        var result = self
        result.mark = move(mark)
        switch content {
        case .list(let items): result.content = .list(items.map { $0.moved(to: place) })
        case .map(let members):
            result.content = .map(
                members.map {
                    TreeMember(
                        name: $0.name, nameMark: move($0.nameMark),
                        value: $0.value.moved(to: place))
                })
        case .null, .bool, .int, .float, .text, .unresolved: break
        }
        return result
    }
}
