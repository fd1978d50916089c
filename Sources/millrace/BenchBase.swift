// SPDX-License-Identifier: Apache-2.0
// Comparing a measurement with an earlier one: `bench SHAPE --compare BASE.json --tolerance 5%`.
//
// BASE.json is what `bench -o json` printed, one object per line, of any number of shapes. A figure
// is worse when it is on the wrong side of the base by more than the tolerance.
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceSystem

/// A part of something on the command line: `5%`, `0.05`.
struct Share: ExpressibleByArgument, Hashable, Sendable {
    var value: Double

    init(_ value: Double) { self.value = value }

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument),
            number.isFinite, number >= 0
        else { return nil }
        value = isPercent ? number / 100 : number
        guard value < 1 else { return nil }
    }

    var defaultValueDescription: String { "\(Figures.percent(value))" }
}

/// One figure beside its base.
struct Comparison: Equatable {
    var name: String
    var now: Double
    var base: Double
    var isWorse: Bool

    /// Of the base; above 0 when there is more of it now.
    var change: Double { base == 0 ? 0 : now / base - 1 }
}

/// Earlier results, by shape.
struct BenchBase {
    /// Figures that a result may have, and whether more of it is better.
    private static let figures: [(name: String, isGood: Bool)] = [
        ("records_per_second", true), ("p50_ns", false), ("p99_ns", false), ("p999_ns", false),
        ("start_seconds", false), ("pss_bytes", false),
    ]

    private var results: [String: JSON] = [:]

    /// Throws MR1004 when the file cannot be read, MR1003 when it holds no results.
    init(file: String) throws(Failure) {
        let bytes: [UInt8]
        do {
            bytes = try DurableFile.read(file, limit: 16 << 20)
        } catch {
            throw Failure(.inputMissing, "\(file): \(error.reason)")
        }
        try self.init(text: String(decoding: bytes, as: UTF8.self), name: file)
    }

    init(text: String, name: String) throws(Failure) {
        for line in text.split(separator: "\n") {
            let value = try? JSONDecoder().decode(JSON.self, from: Data(line.utf8))
            guard let value, let key = Self.key(value) else { continue }
            results[key] = value
        }
        guard !results.isEmpty else {
            throw Failure(
                .usage, "\(name) has no results in it",
                next: "make it with `millrace bench SHAPE -o json > \(name)`")
        }
    }

    /// Every figure that both have. Throws MR1003 when the base does not know the shape.
    func compare(_ result: JSON, tolerance: Double) throws(Failure) -> [Comparison] {
        guard let key = Self.key(result), let base = results[key] else {
            throw Failure(
                .usage, "the base has no result of \(Self.key(result) ?? "this")",
                next: "it has \(results.keys.sorted().joined(separator: ", "))")
        }
        return Self.figures.compactMap { figure in
            guard let now = Self.number(result[figure.name]),
                let before = Self.number(base[figure.name])
            else { return nil }
            let isWorse =
                figure.isGood ? now < before * (1 - tolerance) : now > before * (1 + tolerance)
            return Comparison(name: figure.name, now: now, base: before, isWorse: isWorse)
        }
    }

    /// Whether the base was measured on another kind of machine.
    func isElsewhere(_ result: JSON) -> Bool {
        guard let key = Self.key(result), let base = results[key] else { return false }
        return base["machine"] != result["machine"]
    }

    /// Tasks are a shape each.
    private static func key(_ result: JSON) -> String? {
        guard case .string(let shape) = result["shape"] else { return nil }
        guard case .int(let tasks) = result["tasks"] else { return shape }
        return "\(shape) \(tasks)"
    }

    private static func number(_ value: JSON?) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
}

extension Comparison {
    /// `records_per_second  12.3M, base 12.1M (+1.7%)`.
    var text: String {
        let sign = change < 0 ? "-" : "+"
        let percent = (abs(change) * 1000).rounded() / 10
        let words = "\(name)  \(shown(now)), base \(shown(base)) (\(sign)\(percent)%)"
        return isWorse ? "worse    \(words)" : "ok       \(words)"
    }

    private func shown(_ value: Double) -> String {
        if name.hasSuffix("_ns") { return Figures.duration(value / 1e9) }
        if name.hasSuffix("_seconds") { return Figures.duration(value) }
        if name.hasSuffix("_bytes") { return Figures.bytes(UInt64(max(0, value))) }
        return Figures.short(value)
    }

    var json: JSON {
        .object([
            .init("figure", .string(name)), .init("now", .double(now)),
            .init("base", .double(base)), .init("change", .double(change)),
            .init("worse", .bool(isWorse)),
        ])
    }
}
