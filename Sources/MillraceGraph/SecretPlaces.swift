// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Where secrets stand in the text of a topology, so that no excerpt shows them.
///
/// Of each node whose operator is known, broken or not, the values of secret parameters that are
/// written out: a finding about another word of the same line prints that line.
enum SecretPlaces {
    static func find(
        _ topology: Topology, names: OperatorNames, sources: [String: String]
    ) -> [Mark] {
        var reader = Reader(sources: sources)
        for node in topology.nodes {
            reader.find(node.with, node.use, names)
            for edge in node.from {
                guard case .custom(let use, let with) = edge.partition?.value else { continue }
                reader.find(with, use, names)
            }
        }
        return reader.places
    }

    private struct Reader {
        let sources: [String: String]
        var places: [Mark] = []
        private var lines: [String: SourceLines] = [:]

        init(sources: [String: String]) { self.sources = sources }

        mutating func find(
            _ with: [TreeMember], _ use: Marked<String>, _ names: OperatorNames
        ) {
            guard !with.isEmpty, let entry = try? names.find(use, node: nil) else { return }
            members(with, entry.operation.parameters)
        }

        private mutating func members(
            _ members: [TreeMember], _ parameters: [ParameterDescription]
        ) {
            for member in members {
                guard let parameter = parameters.first(where: { $0.name == member.name }) else {
                    continue
                }
                value(member.value, parameter)
            }
        }

        private mutating func value(_ value: TreeValue, _ parameter: ParameterDescription) {
            if parameter.secret { return hide(value) }
            switch value.asWritten.content {
            case .list(let items):
                guard let item = parameter.item.first else { return }
                for one in items { self.value(one, item) }
            case .map(let entries):
                members(entries, parameter.fields)
                guard let item = parameter.item.first else { return }
                for entry in entries { self.value(entry.value, item) }
            case .null, .bool, .int, .float, .text, .unresolved: return
            }
        }

        private mutating func hide(_ value: TreeValue) {
            switch value.content {
            case .list(let items): for item in items { hide(item) }
            case .map(let entries): for entry in entries { hide(entry.value) }
            case .null, .unresolved: return
            case .bool, .int, .float, .text:
                let mark = value.mark
                let source = lines[mark.file] ?? SourceLines(sources[mark.file] ?? "")
                lines[mark.file] = source
                places += source.extent(of: value)
            }
        }
    }
}

extension SourceLines {
    /// The places of a scalar, one for each line that it goes over. Of a value that goes over
    /// several lines, each further line is one whole place, and rather one too many.
    fileprivate func extent(of value: TreeValue) -> [Mark] {
        let first = value.mark
        guard value.origin != .word, value.written == nil, let line = self[first.line] else {
            return [first]
        }
        let rest = line.dropFirst(first.column - 1)
        if value.origin == .plain, rest.hasPrefix(value.raw) { return [first] }
        var places = [first]
        places[0].length = max(1, rest.count)
        let depth = line.prefix { $0 == " " }.count
        var number = first.line + 1
        while let next = self[number] {
            let indent = next.prefix { $0 == " " }.count
            guard indent > depth || indent == next.count else { break }
            places.append(
                Mark(file: first.file, line: number, column: 1, length: max(1, next.count)))
            number += 1
        }
        return places
    }
}
