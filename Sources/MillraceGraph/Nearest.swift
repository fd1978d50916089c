// SPDX-License-Identifier: Apache-2.0

/// "Did you mean": the known name that is closest to a wrong one.
package enum Nearest {
    /// Nil when nothing is close: more than a third of the letters wrong (at least one may be), or
    /// several and the first among them, which a slip of the finger seldom hits.
    package static func name(to wrong: String, among known: some Sequence<String>) -> String? {
        names(to: wrong, among: known, atMost: 1).first
    }

    /// The closest ones, the best first.
    package static func names(
        to wrong: String, among known: some Sequence<String>, atMost count: Int
    ) -> [String] {
        let allowed = max(1, wrong.count / 3)
        let near = known.compactMap { name -> (Int, String)? in
            let distance = distance(wrong.lowercased(), name.lowercased(), limit: allowed)
            guard let distance else { return nil }
            let begins = wrong.first?.lowercased() == name.first?.lowercased()
            return distance > 1 && !begins ? nil : (distance, name)
        }
        return near.sorted { $0 < $1 }.prefix(count).map(\.1)
    }

    /// ``did you mean `x`?``, or nil.
    package static func question(_ wrong: String, _ known: some Sequence<String>) -> String? {
        name(to: wrong, among: known).map { "did you mean `\($0)`?" }
    }

    /// Insertions, deletions, replacements and swaps of neighbours; nil above `limit`.
    static func distance(_ left: String, _ right: String, limit: Int) -> Int? {
        let a = Array(left.unicodeScalars)
        let b = Array(right.unicodeScalars)
        guard abs(a.count - b.count) <= limit, a.count <= 256, b.count <= 256 else { return nil }
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                let change = last[j] + (a[i] == b[j] ? 0 : 1)
                var cost = min(last[j + 1] + 1, row[j] + 1, change)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            before = last
            last = row
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}
