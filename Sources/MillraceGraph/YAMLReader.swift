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
        // The parser, told that it is UTF-8, takes a byte order mark for a character.
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        text.makeContiguousUTF8()
        let lines = SourceLines(text)
        if let place = AliasBomb.keysThatExpand(text) {
            findings.error(
                .tooLarge, at: .init(file: file, line: place, column: 1),
                "many aliases together with keys that are not plain words",
                next: "write keys as plain words")
            return nil
        }
        var found = Findings()
        defer { for finding in found.all { findings.add(finding.severity, finding.failure) } }
        do {
            let root = try compose(text, lines, file, &found)
            var builder = TreeBuilder(file: file, lines: lines)
            let tree = root.map { builder.value($0, depth: 1) }
            for finding in builder.findings.all { found.add(finding.severity, finding.failure) }
            // What the file means is not known: nothing said about it later could be trusted.
            return found.hasErrors ? nil : tree ?? TreeValue(.null, at: start)
        } catch let error as YamlError {
            found.add(.error, SyntaxReport(file: file, text: text, lines: lines).failure(error))
        } catch {
            found.error(.yamlSyntax, at: start, "cannot be read: \(error)")
        }
        return nil
    }

    /// The root; keys that appear twice are findings, and all but one of each are renamed.
    private static func compose(
        _ text: String, _ lines: SourceLines, _ file: String, _ findings: inout Findings
    ) throws -> Node? {
        var (text, lines) = (text, lines)
        let resolver = try Resolver.basic.appending(TreeBuilder.implicitRule())
        for round in 0..<DuplicateKey.roundsMax(bytes: text.utf8.count) {
            do {
                return try Parser(yaml: text, resolver: resolver, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let first = lines.mark(
                    file: file, line: context.mark.line, scalarColumn: context.mark.column)
                let key = DuplicateKey(name: names.first ?? "", first: first, lines: lines)
                let second = key.second
                findings.add(.error, key.failure(at: second))
                guard let second, let masked = key.masked(at: second, round: round) else { break }
                text = masked
                lines = SourceLines(masked)
            }
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
        place.column += properties(at: start)
        let written = written(scalar, at: place, plain: plain)
        place.length = max(1, written.text.count)
        let content = plain ? TreeValue.Content.ofPlain(scalar.string) : .text(scalar.string)
        return TreeValue(
            content, at: place, origin: plain ? .plain : .quoted, raw: scalar.string,
            written: plain || !written.isWhole ? nil : String(written.text))
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
            place.column += properties(at: place)
            place.length = max(1, written(scalar, at: place, plain: plain).text.count)
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

    /// The scalar as it stands on the line where it begins, and whether that is all of it. Of a
    /// block scalar it is the mark that it begins with.
    private func written(
        _ scalar: Node.Scalar, at place: MillraceCore.Mark, plain: Bool
    ) -> (text: Substring, isWhole: Bool) {
        guard let rest = lines.rest(place.line, from: place.column) else { return ("", false) }
        if plain {
            let text = scalar.string
            guard rest.utf8.starts(with: text.utf8) else { return (trimmed(rest), false) }
            return (rest[..<rest.utf8.index(rest.startIndex, offsetBy: text.utf8.count)], true)
        }
        guard let quote = rest.first, quote == "\"" || quote == "'" else {
            return (rest.prefix(1), false)
        }
        var index = rest.index(after: rest.startIndex)
        while index < rest.endIndex {
            let next = rest.index(after: index)
            let character = rest[index]
            if character == "\\", quote == "\"", next < rest.endIndex {
                index = rest.index(after: next)
                continue
            }
            index = next
            guard character == quote else { continue }
            let isPair = quote == "'" && next < rest.endIndex && rest[next] == quote
            if !isPair { return (rest[..<next], true) }
            index = rest.index(after: next)
        }
        return (rest, false)
    }

    /// Characters of the anchor that stands before a scalar; 0 when it stands on a line of its own.
    private func properties(at place: MillraceCore.Mark) -> Int {
        guard let rest = lines.rest(place.line, from: place.column),
            rest.utf8.first == UInt8(ascii: "&")
        else { return 0 }
        let name = rest.prefix { $0 != " " && $0 != "\t" }
        let blank = rest.dropFirst(name.count).prefix { $0 == " " || $0 == "\t" }
        return name.count + blank.count < rest.count ? name.count + blank.count : 0
    }

    private func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }
}

extension SourceLines {
    /// The parser counts Unicode scalars from the line's start; a mark counts characters.
    fileprivate func mark(file: String, line: Int, scalarColumn: Int) -> MillraceCore.Mark {
        var column = max(1, scalarColumn)
        if !isASCII(line), let text = self[line] {
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
                next: SyntaxAdvice.next(problem, nil))
        case .duplicatedKeysInMapping(let names, _):
            return Failure(
                .duplicateKey, at: .init(file: file, line: 1, column: 1),
                "`\(names.first ?? "")` appears twice", next: "remove one of them")
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
        if problem.contains("another document") {
            return Failure(
                .yamlSyntax, at: place, "a second document begins here",
                next: "one file holds one topology")
        }
        if let context, context.text.contains("quoted scalar"), problem.contains("end of stream") {
            let start = lines.mark(
                file: file, line: context.mark.line, scalarColumn: context.mark.column)
            return Failure(
                .yamlSyntax, at: start, "the quote that begins here never ends",
                next: "close it")
        }
        var sentence = problem
        if let context, !context.text.isEmpty {
            sentence = "\(context.text) from line \(context.mark.line): \(problem)"
        }
        return Failure(
            .yamlSyntax, at: place, sentence, next: SyntaxAdvice.next(problem, lines[mark.line]))
    }
}
