// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One key of a topology file and all that is said about it, anywhere: the checker, `explain`, the
/// editor's schema and the reference are made of these.
package struct TopologyKey: Hashable, Sendable {
    /// What may be written behind the key.
    package indirect enum Kind: Hashable, Sendable {
        /// `true` or `false`.
        case bool
        /// A whole number within the range.
        case integer(ClosedRange<Int>)
        /// A whole number within the range, and a power of two.
        case powerOfTwo(ClosedRange<Int>)
        /// Any text.
        case text
        /// A text of the regular form; `says` is the form in words.
        case pattern(String, says: String)
        /// One of these words.
        case choice([Choice])
        /// `10s`, in nanoseconds; the range is exact.
        case duration(ClosedRange<Int64>)
        /// `200ms..5s`: two durations, the second not the shorter.
        case durations
        /// `64KiB`, in bytes; the range is exact.
        case size(ClosedRange<Int64>)
        /// `200/m`.
        case rate
        /// A place in a record: `customer.id`, `items[0].sku`.
        case field
        /// `node` or `node.port`.
        case reference
        /// An operator's name, or a C function.
        case operation
        /// The operator's own parameters: its table says which.
        case parameters
        /// A map whose keys are those below this one in the table.
        case object
        /// A map from names the user gives, of the regular form, to values of the kind.
        case named(String, Kind)
        /// A map from any text to texts.
        case labels
        /// Any value at all.
        case json
        /// A list of such values.
        case list(Kind)
        /// Any one of these.
        case either([Kind])
    }

    /// One word of a choice.
    package struct Choice: Hashable, Sendable {
        package var value: String
        package var doc: String
        /// What to do instead, when this release does not serve the word.
        package var instead: String?

        package init(_ value: String, _ doc: String, instead: String? = nil) {
            self.value = value
            self.doc = doc
            self.instead = instead
        }
    }

    /// Names with dots between, without the names a user gives: `checkpoint.every`,
    /// `nodes.retry.attempts`, `nodes.from.partition`.
    package var path: String
    package var kind: Kind
    package var required = false
    /// The default as a user would write it; nil when there is none, or not one for all.
    package var defaultValue: String?
    /// Words for what happens without the key, when that is no single value.
    package var otherwise: String?
    /// Why it is the default.
    package var reason: String?
    /// One or two sentences.
    package var doc: String
    /// A value as a user would write it behind the key.
    package var example: String
    /// The next step when this release does not serve the key; nil: it does.
    package var instead: String?
    /// For measurements and odd machines: left out of short lists.
    package var isExpert = false

    package var isServed: Bool { instead == nil }
    /// What happens without the key, in words; nil when nothing is to be said.
    package var defaultText: String? { defaultValue ?? otherwise }
    /// The last name of the path.
    package var name: String { path.lastIndex(of: ".").map { after($0) } ?? path }
    /// The path without its last name; empty for a key of the file.
    package var parent: String { path.lastIndex(of: ".").map { String(path[..<$0]) } ?? "" }

    private func after(_ dot: String.Index) -> String { String(path[path.index(after: dot)...]) }
}

extension TopologyKey {
    /// A key with what all have; the rest is added by the methods below.
    init(_ path: String, _ kind: Kind, _ doc: String, example: String) {
        self.path = path
        self.kind = kind
        self.doc = doc
        self.example = example
    }

    func needed() -> TopologyKey {
        var key = self
        key.required = true
        return key
    }

    func defaulting(to value: String, because reason: String? = nil) -> TopologyKey {
        var key = self
        key.defaultValue = value
        key.reason = reason
        return key
    }

    func without(_ otherwise: String, because reason: String? = nil) -> TopologyKey {
        var key = self
        key.otherwise = otherwise
        key.reason = reason
        return key
    }

    /// Not served by this release.
    func later(_ instead: String) -> TopologyKey {
        var key = self
        key.instead = instead
        return key
    }

    func forExperts() -> TopologyKey {
        var key = self
        key.isExpert = true
        return key
    }

    /// The same key below another one: a default is written like what it is a default of.
    func below(_ parent: String) -> TopologyKey {
        var key = self
        key.path = "\(parent).\(path)"
        return key
    }
}

extension TopologyKey.Kind {
    /// The kind in words, as `explain` and the reference print it: `whole number 1…1024`.
    package var text: String {
        switch self {
        case .bool: return "true or false"
        case .integer(let range): return "whole number \(range.lowerBound)…\(range.upperBound)"
        case .powerOfTwo(let range):
            return "power of two \(range.lowerBound)…\(range.upperBound)"
        case .text: return "text"
        case .pattern(_, let says): return says
        case .choice(let choices):
            return "one of " + choices.map(\.value).joined(separator: ", ")
        case .duration(let range):
            return "duration" + Self.bounds(range) { Quantity.text(duration: $0) }
        case .durations: return "two durations, LEAST..MOST"
        case .size(let range): return "size" + Self.bounds(range) { Quantity.text(size: $0) }
        case .rate: return "rate"
        case .field: return "path of a field"
        case .reference: return "NODE or NODE.PORT"
        case .operation: return "operator"
        case .parameters: return "parameters of the operator"
        case .object: return "map"
        case .named(_, let kind): return "map of names to: \(kind.text)"
        case .labels: return "map of texts"
        case .json: return "any value"
        case .list(let kind): return "list of: \(kind.text)"
        case .either(let kinds): return kinds.map(\.text).joined(separator: "; or ")
        }
    }

    private static func bounds(
        _ range: ClosedRange<Int64>, _ text: (Int64) -> String
    ) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (0, .max): ""
        case (1, .max): " above zero"
        case (let least, .max): " from \(text(least))"
        case (let least, let most): " \(text(least))…\(text(most))"
        }
    }
}
