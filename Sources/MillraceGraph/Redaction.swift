// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Takes the values of secret parameters out of bytes that are shown to somebody.
///
/// Of all nodes of a plan and of their partitioners: an operator may write what it was given into a
/// record, and any node behind it may pass that on. A value is found as it is and as it stands in
/// a JSON text; what an operator has made of it, such as a digest, is not.
package struct Redaction: Sendable {
    /// What stands for a secret.
    package static let mark = Array("***".utf8)

    /// The longest first, so that one within another one does not leave the rest of it.
    private let secrets: [[UInt8]]

    package init(_ plan: Plan) {
        var found: Set<String> = []
        for node in plan.nodes {
            Self.collect(node.config, node.operation.parameters, into: &found)
            // What the plan calls a secret is one, whatever the description says.
            for name in node.secrets {
                node.config[name].map { Self.collectAll($0, into: &found) }
            }
        }
        for edge in plan.edges {
            guard let partitioner = edge.partitioner else { continue }
            Self.collect(partitioner.config, partitioner.operation.parameters, into: &found)
        }
        self.init(found)
    }

    init(_ texts: some Sequence<String>) {
        let all = texts.filter { !$0.isEmpty }.flatMap { [$0, JSON.escaped($0)] }
        secrets = Set(all).map { Array($0.utf8) }.sorted { $0.count > $1.count }
    }

    package var isEmpty: Bool { secrets.isEmpty }

    /// `isCut`: the bytes are the beginning of more, so a secret may have been cut at their end.
    package func redacted(_ bytes: [UInt8], isCut: Bool = false) -> [UInt8] {
        guard !secrets.isEmpty else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let rest = bytes[at...]
            if let secret = secrets.first(where: { rest.starts(with: $0) }) {
                out += Self.mark
                at += secret.count
            } else if isCut, secrets.contains(where: { $0.starts(with: rest) }) {
                return out + Self.mark
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return out
    }

    private static func collect(
        _ value: JSON, _ parameters: [ParameterDescription], into found: inout Set<String>
    ) {
        guard case .object(let members) = value else { return }
        for member in members {
            guard let parameter = parameters.first(where: { $0.name == member.name }) else {
                continue
            }
            if parameter.secret {
                collectAll(member.value, into: &found)
            } else {
                collect(member.value, parameter.fields, into: &found)
                items(of: member.value, parameter.item, into: &found)
            }
        }
    }

    /// Values of a list or a map.
    private static func items(
        of value: JSON, _ item: [ParameterDescription], into found: inout Set<String>
    ) {
        guard let item = item.first else { return }
        let values: [JSON]
        switch value {
        case .array(let all): values = all
        case .object(let members): values = members.map(\.value)
        case .null, .bool, .int, .double, .string: return
        }
        for value in values {
            if item.secret {
                collectAll(value, into: &found)
            } else {
                collect(value, item.fields, into: &found)
                items(of: value, item.item, into: &found)
            }
        }
    }

    private static func collectAll(_ value: JSON, into found: inout Set<String>) {
        switch value {
        case .null, .bool: return
        case .int(let number): found.insert(String(number))
        case .double(let number): found.insert("\(number)")
        case .string(let text): found.insert(text)
        case .array(let items): for item in items { collectAll(item, into: &found) }
        case .object(let members):
            for member in members { collectAll(member.value, into: &found) }
        }
    }
}
