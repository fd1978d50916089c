// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The forms of names that a user gives.
package enum Names {
    /// `[a-z][a-z0-9_]{0,62}`, never `errors`.
    package static func isNodeID(_ text: String) -> Bool {
        text != "errors" && matches(text, extra: UInt8(ascii: "_"))
    }

    /// `[a-z][a-z0-9-]{0,62}`.
    package static func isTopologyName(_ text: String) -> Bool {
        matches(text, extra: UInt8(ascii: "-"))
    }

    /// A topology name made of a file's name: `jobs/Word Count.yaml` gives `word-count`.
    package static func topologyName(fromFile path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        let stem = last.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
        var name = ""
        for byte in stem.lowercased().utf8 {
            let kept = (97...122).contains(byte) || (48...57).contains(byte)
            if kept { name.unicodeScalars.append(Unicode.Scalar(byte)) } else { name += "-" }
        }
        name = String(name.drop { !("a"..."z").contains($0) }.prefix(63))
        while name.hasSuffix("-") { name.removeLast() }
        return name.isEmpty ? "pipeline" : name
    }

    /// `libm.so.6!sqrt(f64 = $value.x) -> …`, or something that was meant so: `!` and `(` behind
    /// it, or the name of a library before it.
    package static func isCFunction(_ text: String) -> Bool {
        guard let bang = text.firstIndex(of: "!"), bang > text.startIndex else { return false }
        let library = text[..<bang]
        return text[bang...].contains("(") || library.contains(".so") || library.contains("/")
    }

    private static func matches(_ text: String, extra: UInt8) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= 63 else {
            return false
        }
        return text.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == extra
        }
    }
}

extension PluginRequest {
    /// Nil when the text is neither a path nor `name` or `name@range`.
    init?(_ text: Marked<String>) {
        let value = text.value
        if value.contains("/") || value.hasSuffix(".so") {
            self.init(.file(path: value), at: text.mark)
            return
        }
        let parts = value.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, !name.contains(" ") else { return nil }
        let range = parts.count == 2 ? String(parts[1]) : nil
        if let range, VersionRange(range) == nil { return nil }
        self.init(.installed(name: String(name), range: range), at: text.mark)
    }
}
