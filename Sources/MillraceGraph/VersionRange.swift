// SPDX-License-Identifier: Apache-2.0
// range      = comparator { " " comparator } ;   all must hold
// comparator = "*" | [ "^" | "~" | "=" | ">" | ">=" | "<" | "<=" ] version ;
// version    = number [ "." number [ "." number ] ] ;   missing parts are any
//
// `^1.2` is 1.2.0 up to below 2.0.0, `^0.3` up to below 0.4.0, `~1.2.3` up to below 1.3.0, `1.2`
// any 1.2.x. A pre-release (`1.2.0-beta`) matches only `*` and its own exact text.

/// A range of semantic versions, as in `use: fraud.score@^1.2`.
package struct VersionRange: Hashable, Sendable {
    private struct Version: Hashable, Comparable {
        var parts: [Int]

        static func < (a: Version, b: Version) -> Bool {
            a.parts.lexicographicallyPrecedes(b.parts)
        }
    }

    private struct Bound: Hashable {
        var lower: Version?
        /// Not included.
        var upper: Version?
    }

    private let text: String
    private let bounds: [Bound]

    /// Nil when the text is no range.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        if words.isEmpty { return nil }
        var bounds: [Bound] = []
        for word in words {
            guard let bound = Self.bound(word) else { return nil }
            bounds.append(bound)
        }
        self.text = text
        self.bounds = bounds
    }

    package func contains(_ version: String) -> Bool {
        if text == "*" || text == version || text == "=\(version)" { return true }
        let core = version.prefix { $0 != "+" }
        guard !core.contains("-"), let parts = Self.parts(core), parts.count == 3 else {
            return false
        }
        let version = Version(parts: parts)
        return bounds.allSatisfy { bound in
            bound.lower.map { version >= $0 } ?? true && bound.upper.map { version < $0 } ?? true
        }
    }

    /// Whether `left` is an older version than `right`; texts that are no versions come first.
    package static func isOlder(_ left: String, _ right: String) -> Bool {
        func key(_ text: String) -> ([Int], Bool) {
            let core = text.prefix { $0 != "-" && $0 != "+" }
            return (parts(core) ?? [], !text.contains("-"))
        }
        let (a, b) = (key(left), key(right))
        if a.0 != b.0 { return a.0.lexicographicallyPrecedes(b.0) }
        if a.1 != b.1 { return !a.1 }
        return left < right
    }

    private static func bound(_ word: Substring) -> Bound? {
        if word == "*" { return Bound() }
        let sign = word.prefix { "^~=<>".contains($0) }
        guard let parts = parts(word.dropFirst(sign.count)) else { return nil }
        let full = Version(parts: parts + Array(repeating: 0, count: 3 - parts.count))
        /// The first version that differs in part `index`.
        func after(_ index: Int) -> Version {
            var next = full.parts.prefix(index) + [full.parts[index] &+ 1]
            while next.count < 3 { next.append(0) }
            return Version(parts: Array(next))
        }
        let last = parts.count - 1
        switch sign {
        case "", "=": return Bound(lower: full, upper: after(last))
        case "^":
            let fixed = parts.firstIndex { $0 != 0 } ?? last
            return Bound(lower: full, upper: after(fixed))
        case "~": return Bound(lower: full, upper: after(min(last, 1)))
        case ">=": return Bound(lower: full)
        case ">": return Bound(lower: after(last))
        case "<": return Bound(upper: full)
        case "<=": return Bound(upper: after(last))
        default: return nil
        }
    }

    private static func parts(_ text: Substring) -> [Int]? {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(words.count) else { return nil }
        var parts: [Int] = []
        for word in words {
            guard word.utf8.count <= 9, !word.isEmpty,
                word.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(word)
            else { return nil }
            parts.append(number)
        }
        return parts
    }
}
