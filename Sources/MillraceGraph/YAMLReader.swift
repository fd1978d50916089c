// SPDX-License-Identifier: Apache-2.0
import MillraceCore
// The only file that knows Yams: it parses, everything it makes of the result is thrown away but
// strings, styles and places.
import Yams

/// YAML, JSON being a subset, to a tree with places.
///
/// Refused: syntax errors (MR2001), two equal keys (MR2002), keys that are no plain words and
/// values YAML has but topologies have not (MR2004), more than 1 MiB, 32 levels or 10,000 values
/// after alias expansion (MR2005), tags and merge keys (MR2006).
package enum YAMLReader {
    /// Nil when there is a finding that leaves nothing to go on with.
    package static func read(
        _ text: String, file: String, findings: inout Findings
    ) -> TreeValue? {
        let start = MillraceCore.Mark(file: file, line: 1, column: 1)
        if text.utf8.count > Limits.topologyBytesMax {
            findings.error(
                .tooLarge, at: start,
                "the file has \(text.utf8.count) bytes, more than \(Limits.topologyBytesMax)",
                next: "split the topology into several jobs")
            return nil
        }
        // Yams is given UTF-8 storage, or it copies once per access.
        var text = text
        text.makeContiguousUTF8()
        let lines = SourceLines(text)
        if let place = AliasBomb.keysThatExpand(text) {
            findings.error(
                .tooLarge, at: .init(file: file, line: place, column: 1),
                "many aliases together with keys that are not plain words",
                next: "write keys as plain words")
            return nil
        }
        do {
            let parser = try Parser(
                yaml: text, resolver: Resolver.basic.appending(TreeBuilder.implicitRule()),
                encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                return TreeValue(.null, at: start)
            }
            var builder = TreeBuilder(file: file, lines: lines)
            let tree = builder.value(root, depth: 1)
            for finding in builder.findings.all { findings.add(finding.severity, finding.failure) }
            // What the file means is not known: nothing said about it later could be trusted.
            return builder.findings.hasErrors ? nil : tree
        } catch let error as YamlError {
            findings.add(.error, SyntaxReport(file: file, text: text, lines: lines).failure(error))
        } catch {
            findings.error(.yamlSyntax, at: start, "cannot be read: \(error)")
        }
        return nil
    }
}

/// Yams nodes to tree values, with a limit on depth and on number.
private struct TreeBuilder {
    /// Yams caches the resolved tag of keys; a name of our own keeps "no tag" recognisable.
    static let implicitTag = Tag.Name(rawValue: "millrace:none")

    static func implicitRule() throws -> Resolver.Rule { try Resolver.Rule(implicitTag, "^") }

    let file: String
    let lines: SourceLines
    var findings = Findings()
    /// A limit was passed: nothing more is read.
    var stopped = false
    private var count = 0

    init(file: String, lines: SourceLines) {
        self.file = file
        self.lines = lines
    }

    mutating func value(_ node: Node, depth: Int) -> TreeValue {
        let place = mark(node.mark)
        count += 1
        if stopped { return TreeValue(.null, at: place) }
        if count > Limits.nodesMax || depth > Limits.topologyDepthMax {
            stopped = true
            findings.error(
                .tooLarge, at: place,
                count > Limits.nodesMax
                    ? "more than \(Limits.nodesMax) values, aliases expanded"
                    : "nested deeper than \(Limits.topologyDepthMax) levels",
                next: "make the file smaller or flatter")
            return TreeValue(.null, at: place)
        }
        switch node {
        case .scalar(let scalar):
            return self.scalar(scalar, place)
        case .sequence(let sequence):
            refuse(tag: sequence.tag, allowed: .seq, place)
            var items: [TreeValue] = []
            for item in sequence where !stopped { items.append(value(item, depth: depth + 1)) }
            return TreeValue(.list(items), at: place)
        case .mapping(let mapping):
            refuse(tag: mapping.tag, allowed: .map, place)
            return TreeValue(.map(members(mapping, depth)), at: place)
        case .alias:
            return TreeValue(.null, at: place)
        }
    }

    private mutating func scalar(_ scalar: Node.Scalar, _ start: MillraceCore.Mark) -> TreeValue {
        let plain = scalar.style == .plain || scalar.style == .any
        refuse(tag: scalar.tag, allowed: plain ? .implicit : .str, start)
        var place = start
        place.length = length(of: scalar, at: start, plain: plain)
        let content = plain ? TreeValue.Content.ofPlain(scalar.string) : .text(scalar.string)
        return TreeValue(
            content, at: place, origin: plain ? .plain : .quoted, raw: scalar.string)
    }

    private mutating func members(_ mapping: Node.Mapping, _ depth: Int) -> [TreeMember] {
        var members: [TreeMember] = []
        var seen: [String: MillraceCore.Mark] = [:]
        for (key, value) in mapping where !stopped {
            guard case .scalar(let scalar) = key else {
                findings.error(
                    .wrongType, at: mark(key.mark), "a key is a list or a map",
                    next: "write keys as plain words")
                continue
            }
            let name = scalar.string
            let plain = scalar.style == .plain || scalar.style == .any
            var place = mark(scalar.mark)
            place.length = length(of: scalar, at: place, plain: plain)
            if name == "<<", plain {
                findings.error(
                    .tagOrMergeKey, at: place, "merge keys (`<<`) are not read",
                    next: "write the members out, or use an alias for a whole value")
                continue
            }
            if let first = seen[name] {
                findings.error(
                    .duplicateKey, at: place,
                    "`\(name)` appears twice, first in line \(first.line)",
                    next: "remove one of them")
                continue
            }
            seen[name] = place
            members.append(
                TreeMember(
                    name: name, nameMark: place, value: self.value(value, depth: depth + 1)))
        }
        return members
    }

    private mutating func refuse(tag: Tag, allowed: Tag.Name, _ place: MillraceCore.Mark) {
        let name = tag.description
        if name.isEmpty || name == Self.implicitTag.rawValue || name == allowed.rawValue { return }
        let short = name.replacing("tag:yaml.org,2002:", with: "!!")
        findings.error(
            .tagOrMergeKey, at: place, "tags (`\(short)`) are not read",
            next: "remove it; quotes make a text")
    }

    private func mark(_ mark: Yams.Mark?) -> MillraceCore.Mark {
        lines.mark(file: file, line: mark?.line ?? 1, scalarColumn: mark?.column ?? 1)
    }

    /// Characters from the scalar's first to its last on the line where it begins.
    private func length(
        of scalar: Node.Scalar, at place: MillraceCore.Mark, plain: Bool
    ) -> Int {
        guard let line = lines[place.line] else { return 1 }
        let rest = line.dropFirst(place.column - 1)
        if plain { return max(1, min(scalar.string.count, rest.count)) }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return 1 }
        var length = 1
        var escaped = false
        for character in rest.dropFirst() {
            length += 1
            if escaped {
                escaped = false
            } else if character == "\\", quote == "\"" {
                escaped = true
            } else if character == quote {
                break
            }
        }
        return length
    }
}

extension SourceLines {
    /// The parser counts Unicode scalars from the line's start; a mark counts characters.
    fileprivate func mark(file: String, line: Int, scalarColumn: Int) -> MillraceCore.Mark {
        var column = max(1, scalarColumn)
        if let text = self[line], text.utf8.contains(where: { $0 >= 0x80 }) {
            column = String(text.unicodeScalars.prefix(column - 1)).count + 1
        }
        return .init(file: file, line: max(1, line), column: column)
    }
}

/// What Yams throws, as a failure with a place.
private struct SyntaxReport {
    let file: String
    let text: String
    let lines: SourceLines

    func failure(_ error: YamlError) -> Failure {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return syntax(problem, context, mark)
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(max(0, offset ?? 0))
            let line = SourceLines(String(before))
            let column = (line[line.count]?.count ?? 0) + 1
            return Failure(
                .yamlSyntax, at: .init(file: file, line: line.count, column: column), problem,
                next: "save the file as UTF-8 text")
        case .duplicatedKeysInMapping(let names, let context):
            return duplicate(names.first ?? "", first: context.mark)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return Failure(
                .yamlSyntax, at: .init(file: file, line: 1, column: 1),
                "cannot be read: \(error)")
        }
    }

    private func syntax(
        _ problem: String, _ context: YamlError.Context?, _ mark: Yams.Mark
    ) -> Failure {
        let place = lines.mark(file: file, line: mark.line, scalarColumn: mark.column)
        if problem.hasPrefix("Maximum nesting level") {
            return Failure(
                .tooLarge, at: place, "nested deeper than \(Limits.topologyDepthMax) levels",
                next: "make the file flatter")
        }
        var sentence = problem
        if let context, !context.text.isEmpty {
            sentence = "\(context.text) from line \(context.mark.line): \(problem)"
        }
        return Failure(.yamlSyntax, at: place, sentence, next: advice(problem, mark))
    }

    private func advice(_ problem: String, _ mark: Yams.Mark) -> String? {
        if lines[mark.line]?.contains("\t") == true { return "indent with spaces, not tabs" }
        if problem.contains("another document") { return "one file holds one topology" }
        if problem.contains("mapping values are not allowed") {
            return "put text with a colon in quotes"
        }
        return nil
    }

    /// Yams names the key and its first place; the second is found by looking for the same key
    /// in the same column, else for the next one that stands before a colon.
    private func duplicate(_ name: String, first: Yams.Mark) -> Failure {
        var place = lines.mark(file: file, line: first.line, scalarColumn: first.column)
        let firstLine = place.line
        place.length = max(1, name.count)
        second: for number in place.line...max(place.line, lines.count) {
            guard let line = lines[number] else { break }
            let skipped = number == firstLine ? place.column - 1 + name.count : 0
            if number > firstLine, key(name, in: line, at: place.column - 1) {
                place.line = number
                break
            }
            let flow = lines[firstLine].map { isFlow($0, before: place.column - 1) } ?? false
            guard flow, skipped < line.count else { continue }
            for column in skipped..<line.count where key(name, in: line, at: column) {
                place.line = number
                place.column = column + 1
                break second
            }
        }
        return Failure(
            .duplicateKey, at: place, "`\(name)` appears twice, first in line \(firstLine)",
            next: "remove one of them")
    }

    private func isFlow(_ line: Substring, before column: Int) -> Bool {
        line.prefix(column).contains { $0 == "{" || $0 == "," }
    }

    private func key(_ name: String, in line: Substring, at column: Int) -> Bool {
        if column > 0, let before = line.dropFirst(column - 1).first, !" \t,{".contains(before) {
            return false
        }
        var rest = line.dropFirst(column)
        if let quote = rest.first, quote == "\"" || quote == "'" {
            rest = rest.dropFirst()
            guard rest.hasPrefix(name), rest.dropFirst(name.count).first == quote else {
                return false
            }
            rest = rest.dropFirst(name.count + 1)
        } else {
            guard rest.hasPrefix(name) else { return false }
            rest = rest.dropFirst(name.count)
        }
        return rest.drop { $0 == " " }.first == ":"
    }
}
