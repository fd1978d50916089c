// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Reads single values of the file's own keys, each with its type and its bounds.
///
/// A word of a command line is text and takes the type that is asked for; a value of a file must
/// have it.
struct ShapeReader {
    var findings: Findings
    /// The node being read; its id goes into each failure.
    var node: String?

    mutating func wrong(
        _ value: TreeValue, _ path: String, _ expected: String, next: String? = nil
    ) {
        if isRefused(value, path) { return }
        findings.error(
            .wrongType, at: value.mark, node: node,
            "\(path): expected \(expected), found \(value.kindText)", next: next)
    }

    mutating func outOfRange(_ mark: Mark, _ path: String, _ text: String, next: String? = nil) {
        findings.error(.outOfRange, at: mark, node: node, "\(path): \(text)", next: next)
    }

    /// A `${…}` where it would stay as it is.
    mutating func isRefused(_ value: TreeValue, _ path: String) -> Bool {
        guard case .text(let text) = value.content else { return false }
        return Interpolation.refuse(text, at: value.mark, node: node, path, &findings)
    }

    mutating func map(_ value: TreeValue, _ path: String) -> [TreeMember]? {
        if case .map(let members) = value.content { return members }
        wrong(value, path, "a map")
        return nil
    }

    mutating func text(_ value: TreeValue, _ path: String) -> Marked<String>? {
        if case .text(let text) = value.content { return Marked(text, at: value.mark) }
        wrong(value, path, "a text")
        return nil
    }

    /// A text with what is needed to point into it.
    mutating func fieldPath(_ value: TreeValue, _ path: String) -> TreeValue? {
        text(value, path) == nil || isRefused(value, path) ? nil : value
    }

    mutating func bool(_ value: TreeValue, _ path: String) -> Bool? {
        if case .bool(let flag) = typed(value) { return flag }
        wrong(value, path, "`true` or `false`")
        return nil
    }

    mutating func integer(
        _ value: TreeValue, _ path: String, _ range: ClosedRange<Int>
    ) -> Marked<Int>? {
        switch typed(value) {
        case .int(let number):
            if let small = Int(exactly: number), range.contains(small) {
                return Marked(small, at: value.mark)
            }
        case .float where TreeValue.Content.isWhole(value.raw): break
        case .null, .bool, .float, .text, .list, .map, .unresolved:
            wrong(value, path, "a whole number")
            return nil
        }
        outOfRange(
            value.mark, path,
            "\(value.raw) is not between \(range.lowerBound) and \(range.upperBound)")
        return nil
    }

    /// `zero`: `0s` is one, too.
    mutating func duration(
        _ value: TreeValue, _ path: String, zero: Bool = false
    ) -> Int64? {
        guard let text = scalar(value) else {
            wrong(value, path, "a duration such as `10s`")
            return nil
        }
        do throws(Quantity.Problem) {
            let nanoseconds = try Quantity.duration(text)
            if nanoseconds > 0 || zero { return nanoseconds }
            outOfRange(value.mark, path, "a duration above zero is needed")
        } catch {
            unit(value, path, "a duration such as `250ms`, `10s` or `1h30m`", error)
        }
        return nil
    }

    /// Within a range, which is told in the message.
    mutating func duration(
        _ value: TreeValue, _ path: String, _ range: ClosedRange<Int64>
    ) -> Int64? {
        guard let nanoseconds = duration(value, path) else { return nil }
        if range.contains(nanoseconds) { return nanoseconds }
        let (least, most) = (range.lowerBound, range.upperBound)
        outOfRange(
            value.mark, path,
            "\(value.raw) is not between \(Quantity.text(duration: least)) and "
                + Quantity.text(duration: most))
        return nil
    }

    /// `200ms..5s`, in nanoseconds.
    mutating func durations(
        _ value: TreeValue, _ path: String, most: Int64
    ) -> ClosedRange<Int64>? {
        let expected = "two durations such as `200ms..5s`"
        guard let text = scalar(value) else {
            wrong(value, path, expected)
            return nil
        }
        let dots = text.firstRange(of: "..")
        let ends = dots.map { [text[..<$0.lowerBound], text[$0.upperBound...]] } ?? [text[...]]
        do throws(Quantity.Problem) {
            guard ends.count == 2 else { throw .syntax }
            let least = try Quantity.duration(String(ends[0]))
            let longest = try Quantity.duration(String(ends[1]))
            guard least <= longest, longest <= most else {
                let why =
                    least > longest
                    ? "the second is the shorter" : "longer than \(Quantity.text(duration: most))"
                outOfRange(value.mark, path, "\(text): \(why)")
                return nil
            }
            return least...longest
        } catch {
            unit(value, path, expected, error)
            return nil
        }
    }

    mutating func size(
        _ value: TreeValue, _ path: String, _ range: ClosedRange<Int64>
    ) -> Marked<Int64>? {
        guard let text = scalar(value) else {
            wrong(value, path, "a size such as `64KiB`")
            return nil
        }
        do throws(Quantity.Problem) {
            let bytes = try Quantity.size(text)
            if range.contains(bytes) { return Marked(bytes, at: value.mark) }
        } catch {
            if error != .tooLarge {
                unit(value, path, "a size such as `512`, `64KiB` or `1GiB`", error)
                return nil
            }
        }
        let (least, most) = (range.lowerBound, range.upperBound)
        outOfRange(
            value.mark, path,
            "\(text) is not between \(Quantity.text(size: least)) and \(Quantity.text(size: most))")
        return nil
    }

    /// Per second.
    mutating func rate(_ value: TreeValue, _ path: String) -> Double? {
        let form = "a rate such as `20/s` or `1k/m`"
        guard let text = scalar(value) else {
            wrong(value, path, form)
            return nil
        }
        do throws(Quantity.Problem) {
            return try Quantity.rate(text)
        } catch {
            unit(value, path, form, error)
        }
        return nil
    }

    mutating func queue(_ value: TreeValue, _ path: String) -> Marked<Int>? {
        let range = TopologyKeyTable.integers("nodes.from.queue")
        guard let queue = integer(value, path, range) else { return nil }
        if queue.value & (queue.value - 1) == 0 { return queue }
        var above = range.lowerBound
        while above < queue.value { above *= 2 }
        outOfRange(
            value.mark, path, "\(queue.value) is no power of two", next: "write \(above)")
        return nil
    }

    private mutating func unit(
        _ value: TreeValue, _ path: String, _ expected: String, _ problem: Quantity.Problem
    ) {
        if isRefused(value, path) { return }
        findings.error(
            .wrongUnit, at: value.mark, node: node,
            "\(path): expected \(expected), found `\(value.raw)`", next: problem.advice(value.raw))
    }

    private func scalar(_ value: TreeValue) -> String? {
        switch value.content {
        case .text(let text): text
        case .int, .float: value.raw
        case .null, .bool, .list, .map, .unresolved: nil
        }
    }

    private func typed(_ value: TreeValue) -> TreeValue.Content {
        if case .text(let text) = value.content, value.origin == .word { return .ofPlain(text) }
        return value.content
    }
}

extension Quantity.Problem {
    /// The next step for a text that is no quantity; nil when the expectation says it all.
    func advice(_ text: String) -> String? {
        switch self {
        case .unitMissing: "add a unit"
        case .unitUnknown(let unit) where unit.isEmpty: "add a unit"
        case .unitUnknown(let unit): "`\(unit)` is no unit of it"
        case .tooLarge: "write a smaller value"
        case .syntax: nil
        }
    }
}
