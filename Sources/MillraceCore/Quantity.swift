// SPDX-License-Identifier: Apache-2.0
// Quantities as a user writes them, in topologies, in descriptors and on the command line:
//
//     duration = part { part }
//     part     = number ( "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" | "d" )
//     size     = number [ "B" | "KiB" | "MiB" | "GiB" | "TiB" | "kB" | "KB" | "MB" | "GB" | "TB" ]
//     rate     = number [ "k" | "M" | "G" ] "/" ( "s" | "m" | "h" | "d" )
//     number   = digit { digit } [ "." digit { digit } ]
//
// Units of a duration fall from part to part (`1h30m`). A bare `0` is a duration and a rate, too.

/// Durations, sizes and rates: from text and back.
package enum Quantity {
    /// Why a text is no quantity.
    package enum Problem: Error, Hashable, Sendable {
        /// Not of the form at all.
        case syntax
        /// A number without a unit where one is needed.
        case unitMissing
        /// A unit of something else, or of nothing.
        case unitUnknown(String)
        /// Larger than the type can hold.
        case tooLarge
    }

    /// Nanoseconds.
    package static func duration(_ text: String) throws(Problem) -> Int64 {
        if text == "0" { return 0 }
        var scanner = Scanner(text)
        var total: Int64 = 0
        var last = Int64.max
        repeat {
            let number = try scanner.number()
            let unit = scanner.word()
            if unit.isEmpty { throw .unitMissing }
            guard let factor = durationUnits.first(where: { $0.name == unit })?.factor else {
                throw .unitUnknown(unit)
            }
            guard factor < last else { throw .syntax }
            last = factor
            let (sum, overflow) = total.addingReportingOverflow(try number.times(factor))
            if overflow { throw .tooLarge }
            total = sum
        } while !scanner.atEnd
        return total
    }

    /// Bytes.
    package static func size(_ text: String) throws(Problem) -> Int64 {
        var scanner = Scanner(text)
        let number = try scanner.number()
        let unit = scanner.word()
        guard scanner.atEnd else { throw .syntax }
        if unit.isEmpty {
            guard number.fraction == 0 else { throw .syntax }
            return number.whole
        }
        guard let factor = sizeUnits.first(where: { $0.name == unit })?.factor else {
            throw .unitUnknown(unit)
        }
        return try number.times(factor)
    }

    /// Events per second.
    package static func rate(_ text: String) throws(Problem) -> Double {
        if text == "0" { return 0 }
        var scanner = Scanner(text)
        let number = try scanner.number()
        let prefix = scanner.word()
        guard let factor = rateUnits.first(where: { $0.name == prefix })?.factor else {
            throw .unitUnknown(prefix)
        }
        guard scanner.take("/") else { throw scanner.atEnd ? .unitMissing : .syntax }
        let per = scanner.word()
        guard scanner.atEnd else { throw .syntax }
        guard let seconds = periods.first(where: { $0.name == per })?.factor else {
            throw per.isEmpty ? .unitMissing : .unitUnknown(per)
        }
        return number.value * Double(factor) / Double(seconds)
    }

    /// The shortest text that reads back as `nanoseconds`; a negative one has a minus.
    package static func text(duration nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        var rest = nanoseconds.magnitude
        var out = nanoseconds < 0 ? "-" : ""
        for unit in durationUnits where unit.written && rest >= UInt64(unit.factor) {
            out += "\(rest / UInt64(unit.factor))\(unit.name)"
            rest %= UInt64(unit.factor)
        }
        return out
    }

    /// Bytes in the largest binary unit that divides them.
    package static func text(size bytes: Int64) -> String {
        for unit in sizeUnits where unit.written && bytes != 0 && bytes % unit.factor == 0 {
            return "\(bytes / unit.factor)\(unit.name)"
        }
        return "\(bytes)"
    }

    /// Events per second, or per minute, hour or day where that is the first whole number.
    package static func text(rate perSecond: Double) -> String {
        for period in periods {
            let value = perSecond * Double(period.factor)
            guard value == value.rounded(), value < 1e15 else { continue }
            let unit = rateUnits.first { unit in
                let scaled = value / Double(unit.factor)
                return value != 0 && scaled == scaled.rounded()
            }
            let count = Int64(value) / (unit?.factor ?? 1)
            let text = "\(count)\(unit?.name ?? "")/\(period.name)"
            if (try? rate(text)) == perSecond { return text }
        }
        return "\(decimal(perSecond))/s"
    }

    /// Without an exponent: a rate has none.
    private static func decimal(_ value: Double) -> String {
        let text = "\(value)"
        guard let sign = text.firstIndex(of: "e"), let power = Int(text[text.index(after: sign)...])
        else { return text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
        let digits = text[..<sign].filter { $0 != "." }
        if power < 0 { return "0." + String(repeating: "0", count: -power - 1) + digits }
        return digits + String(repeating: "0", count: max(0, power + 1 - digits.count))
    }
}

extension Quantity {
    private struct Unit {
        var name: String
        var factor: Int64
        /// Used when a value becomes text.
        var written = true
    }

    private static let durationUnits = [
        Unit(name: "d", factor: 86_400_000_000_000), Unit(name: "h", factor: 3_600_000_000_000),
        Unit(name: "m", factor: 60_000_000_000), Unit(name: "s", factor: 1_000_000_000),
        Unit(name: "ms", factor: 1_000_000), Unit(name: "us", factor: 1_000),
        Unit(name: "µs", factor: 1_000, written: false), Unit(name: "ns", factor: 1),
    ]

    private static let sizeUnits = [
        Unit(name: "TiB", factor: 1 << 40), Unit(name: "GiB", factor: 1 << 30),
        Unit(name: "MiB", factor: 1 << 20), Unit(name: "KiB", factor: 1 << 10),
        Unit(name: "TB", factor: 1_000_000_000_000, written: false),
        Unit(name: "GB", factor: 1_000_000_000, written: false),
        Unit(name: "MB", factor: 1_000_000, written: false),
        Unit(name: "KB", factor: 1_000, written: false),
        Unit(name: "kB", factor: 1_000, written: false),
        Unit(name: "B", factor: 1, written: false),
    ]

    private static let rateUnits = [
        Unit(name: "G", factor: 1_000_000_000), Unit(name: "M", factor: 1_000_000),
        Unit(name: "k", factor: 1_000), Unit(name: "", factor: 1),
    ]

    private static let periods = [
        Unit(name: "s", factor: 1), Unit(name: "m", factor: 60), Unit(name: "h", factor: 3_600),
        Unit(name: "d", factor: 86_400),
    ]

    private struct Number {
        var whole: Int64
        /// 0..<1.
        var fraction: Double

        var value: Double { Double(whole) + fraction }

        func times(_ factor: Int64) throws(Problem) -> Int64 {
            let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
            if overflow { throw .tooLarge }
            let part = Int64((fraction * Double(factor)).rounded())
            let (sum, over) = product.addingReportingOverflow(part)
            if over { throw .tooLarge }
            return sum
        }
    }

    private struct Scanner {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        var atEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        mutating func word() -> String {
            let word = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(word.count)
            return String(word)
        }

        mutating func number() throws(Problem) -> Number {
            let digits = takeDigits()
            if digits.isEmpty { throw .syntax }
            guard let whole = Int64(digits) else { throw .tooLarge }
            guard take(".") else { return Number(whole: whole, fraction: 0) }
            let decimals = takeDigits()
            guard !decimals.isEmpty, let fraction = Double("0.\(decimals)") else { throw .syntax }
            return Number(whole: whole, fraction: fraction)
        }

        private mutating func takeDigits() -> Substring {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return digits
        }
    }
}
