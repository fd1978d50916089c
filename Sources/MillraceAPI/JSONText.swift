// SPDX-License-Identifier: Apache-2.0
// JSON values as text (RFC 8259). Members keep their order, so the objects of the API read as
// they are documented; Foundation's encoder sorts or shuffles them.
import MillraceCore

extension JSON {
    /// One line, no spaces. A number that JSON cannot say (infinity) becomes null.
    package var text: String {
        var out = ""
        write(to: &out, indent: nil)
        return out
    }

    /// Two spaces per level, for people.
    package var indentedText: String {
        var out = ""
        write(to: &out, indent: 0)
        return out
    }

    private func write(to out: inout String, indent: Int?) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .int(let value): out += String(value)
        case .double(let value): out += value.isFinite ? "\(value)" : "null"
        case .string(let value): JSON.quote(value, to: &out)
        case .array(let items):
            JSON.list(items, "[", "]", to: &out, indent: indent) { item, out, deeper in
                item.write(to: &out, indent: deeper)
            }
        case .object(let members):
            JSON.list(members, "{", "}", to: &out, indent: indent) { member, out, deeper in
                JSON.quote(member.name, to: &out)
                out += deeper == nil ? ":" : ": "
                member.value.write(to: &out, indent: deeper)
            }
        }
    }

    private static func list<Item>(
        _ items: [Item], _ open: String, _ close: String, to out: inout String, indent: Int?,
        write: (Item, inout String, Int?) -> Void
    ) {
        out += open
        let deeper = indent.map { $0 + 2 }
        for (position, item) in items.enumerated() {
            if position > 0 { out += "," }
            if let deeper { out += "\n" + String(repeating: " ", count: deeper) }
            write(item, &out, deeper)
        }
        if let indent, !items.isEmpty { out += "\n" + String(repeating: " ", count: indent) }
        out += close
    }

    private static func quote(_ text: String, to out: inout String) {
        out += "\"" + JSON.escaped(text) + "\""
    }
}
