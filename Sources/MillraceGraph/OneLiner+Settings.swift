// SPDX-License-Identifier: Apache-2.0
import MillraceCore

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

    static func member(_ word: Word, key: String, name: String) -> TreeMember {
        var nameMark = word.mark
        nameMark.length = key.count
        return TreeMember(name: name, nameMark: nameMark, value: value(word.text, key, word.mark))
    }

    static func nested(_ word: Word, _ key: String, _ path: [String]) -> TreeMember {
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

    mutating func report(_ repeated: Mark?, _ name: String) {
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
