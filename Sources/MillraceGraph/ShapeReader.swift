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

    mutating func wrong(_ value: TreeValue, _ path: String, _ expected: String) {
        findings.error(
            .wrongType, at: value.mark, node: node,
            "\(path): expected \(expected), found \(value.kindText)")
    }

    mutating func outOfRange(_ mark: Mark, _ path: String, _ text: String, next: String? = nil) {
        findings.error(.outOfRange, at: mark, node: node, "\(path): \(text)", next: next)
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

    mutating func bool(_ value: TreeValue, _ path: String) -> Bool? {
        if case .bool(let flag) = typed(value) { return flag }
        wrong(value, path, "`true` or `false`")
        return nil
    }

    mutating func integer(
        _ value: TreeValue, _ path: String, _ range: ClosedRange<Int>
    ) -> Marked<Int>? {
        guard case .int(let number) = typed(value) else {
            wrong(value, path, "a whole number")
            return nil
        }
        guard let small = Int(exactly: number), range.contains(small) else {
            outOfRange(
                value.mark, path,
                "\(number) is not between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return Marked(small, at: value.mark)
    }

    mutating func duration(_ value: TreeValue, _ path: String) -> Int64? {
        guard let text = scalar(value) else {
            wrong(value, path, "a duration such as `10s`")
            return nil
        }
        do throws(Quantity.Problem) {
            let nanoseconds = try Quantity.duration(text)
            if nanoseconds > 0 { return nanoseconds }
            outOfRange(value.mark, path, "a duration above zero is needed")
        } catch {
            unit(value, path, "a duration such as `250ms`, `10s` or `1h30m`", error)
        }
        return nil
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
            outOfRange(
                value.mark, path,
                "\(text) is not between \(Quantity.text(size: range.lowerBound)) and "
                    + Quantity.text(size: range.upperBound))
        } catch {
            unit(value, path, "a size such as `512`, `64KiB` or `1GiB`", error)
        }
        return nil
    }

    mutating func queue(_ value: TreeValue, _ path: String) -> Marked<Int>? {
        let range = Limits.queueMin...Limits.queueMax
        guard let queue = integer(value, path, range) else { return nil }
        if queue.value & (queue.value - 1) == 0 { return queue }
        var above = Limits.queueMin
        while above < queue.value { above *= 2 }
        outOfRange(
            value.mark, path, "\(queue.value) is no power of two", next: "write \(above)")
        return nil
    }

    private mutating func unit(
        _ value: TreeValue, _ path: String, _ expected: String, _ problem: Quantity.Problem
    ) {
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
