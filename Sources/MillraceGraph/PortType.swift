// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What a payload is, as ports declare it.
///
/// An output may feed an input that takes anything, the same, or something wider in
/// json ⊂ text ⊂ bytes. A struct or a named type may be read as bytes, with a warning.
package enum PortType: Hashable, Sendable {
    case any
    case bytes
    case text
    case json
    /// `struct{…}` or `name/revision`, compared by its text.
    case shaped(String)

    /// `declared` nil is bytes; `same(port)` is not a type but a rule: see `WiringCheck`.
    package init(_ declared: String?) {
        switch declared {
        case nil, "bytes": self = .bytes
        case "any": self = .any
        case "text": self = .text
        case "json": self = .json
        case let other?: self = .shaped(Self.oneSpace(other))
        }
    }

    /// The input port that `same(port)` names.
    package static func follows(_ declared: String?) -> String? {
        guard let declared, declared.hasPrefix("same("), declared.hasSuffix(")") else { return nil }
        return String(declared.dropFirst(5).dropLast())
    }

    package enum Fit: Hashable, Sendable { case fits, looksRaw, differs }

    package func fits(into input: PortType) -> Fit {
        if input == .any || input == self { return .fits }
        switch (self, input) {
        case (.json, .text), (.json, .bytes), (.text, .bytes), (.any, .bytes): return .fits
        case (.shaped, .bytes): return .looksRaw
        default: return .differs
        }
    }

    /// The narrowest type that both are.
    package func joined(_ other: PortType) -> PortType {
        if fits(into: other) == .fits { return other }
        if other.fits(into: self) == .fits { return self }
        return .bytes
    }

    package var text: String {
        switch self {
        case .any: "any"
        case .bytes: "bytes"
        case .text: "text"
        case .json: "json"
        case .shaped(let text): text
        }
    }

    private static func oneSpace(_ text: String) -> String {
        text.split(separator: " ").joined(separator: " ").replacing(", ", with: ",")
    }
}
