// SPDX-License-Identifier: Apache-2.0
// One word of the command line each:
//
//     pipeline = chain , { chain } ;
//     chain    = item , { "!" , [ edge ] , item } ;
//     item     = OPERATOR , { setting } | FUNCTION , { setting } | "@" NODE [ "." PORT ] ;
//     setting  = KEY "=" VALUE ;
//     edge     = "[" { setting } "]" ;
//     KEY      = "name" | "parallelism" | "on_error" | "isolation" | "window." X | "event_time." X
//              | PARAM | "with." PARAM ;
//
// FUNCTION is a C function in the notation of `CFunctionReader`, in one word (so it is quoted).
// A word that is no setting and follows an item without `!` begins a new chain. `@n` is the node
// named `n` anywhere in the line: a producer at the start of a chain, a consumer after `!` (and
// then the producer of what follows). Without `name=` the id is the name of the operator or of the
// C function with dots as `_`, then `_2`, `_3`. Values are text and take the type of their
// parameter; one that begins with `[` or `{` is JSON where the parameter is a list, a map or an
// object.
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

    static func mark(_ column: Int, _ length: Int) -> Mark {
        Mark(file: file, line: 1, column: column, length: max(1, length))
    }

    struct Word {
        var text: String
        var mark: Mark
    }

    /// Where the reading stands.
    enum State {
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

    struct Producer {
        /// Index in `items`, or nil for a name.
        var item: Int?
        var name = ""
        var mark: Mark
    }

    struct Edge {
        var members: [TreeMember]
        var mark: Mark
    }

    struct Link {
        var producer: Producer
        var mark: Mark
        var edge: Edge?
        var input: Marked<String>?
    }

    struct Item {
        var use: Word
        var name: TreeValue?
        var members: [TreeMember] = []
        var with: [TreeMember] = []
        var links: [Link] = []
        var id = ""
    }

    /// `… ! @n` waits until every name is known.
    struct Pending {
        var name: String
        var mark: Mark
        var link: Link
    }

    var findings: Findings
    var state = State.start
    var items: [Item] = []
    var pending: [Pending] = []

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
            item(word)
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
        let beforeRange = word.text.prefix { $0 != "@" }
        guard let first = word.text.unicodeScalars.first, ("a"..."z").contains(first),
            !beforeRange.contains("="), !beforeRange.contains(" ")
        else {
            let shown = word.text.isEmpty ? "an empty word" : "`\(word.text)`"
            syntax(
                word.mark, "\(shown) is neither an operator nor a setting",
                "write OPERATOR KEY=VALUE … ! OPERATOR …")
            return
        }
        item(word)
    }

    /// An operator, or a C function.
    private mutating func item(_ word: Word) {
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
            text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                var place = mark
                place.column += text.distance(from: text.startIndex, to: part.startIndex)
                place.length = max(1, part.count)
                return TreeValue(.text(String(part)), at: place, origin: .word, raw: String(part))
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
            if value.raw.isEmpty {
                syntax(word.mark, "`name=` without a name", "write name=ID")
                return
            }
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

    mutating func duplicate(_ name: String, _ mark: Mark) {
        findings.error(
            .duplicateKey, at: mark, "`\(name)` appears twice", next: "remove one of them")
    }
}
