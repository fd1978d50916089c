// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them, the same in every command.
package enum Figures {
    /// `112034` as `112 034`.
    package static func count(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var out = ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position).isMultiple(of: 3) { out += " " }
            out.append(digit)
        }
        return out
    }

    /// `1 task`, `3 tasks`.
    package static func count(_ number: Int, _ word: String) -> String {
        "\(count(UInt64(max(0, number)))) \(word)\(number == 1 ? "" : "s")"
    }

    /// Three figures at most: `312`, `8.1k`, `12.4k`, `3.6M`.
    package static func short(_ value: Double) -> String {
        guard value.isFinite, value > 0 else { return "0" }
        var scaled = value
        for unit in ["", "k", "M", "G"] {
            if scaled < 9.95, unit != "" || scaled.rounded() != scaled {
                return decimal(scaled, digits: 1) + unit
            }
            if scaled < 99.95, unit != "" { return decimal(scaled, digits: 1) + unit }
            if scaled < 999.5 { return decimal(scaled, digits: 0) + unit }
            scaled /= 1000
        }
        return decimal(scaled, digits: 1) + "T"
    }

    /// `8.1k/s`.
    package static func rate(_ value: Double) -> String { short(value) + "/s" }

    /// `0.91` as `91%`.
    package static func percent(_ share: Double) -> String { decimal(share * 100, digits: 0) + "%" }

    /// `850ns`, `3.1ms`, `12s`, `2m10s`, `3h04m`, `2d05h`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds > 0 else { return "0s" }
        if seconds < 59.95 {
            for (factor, unit) in [(1e9, "ns"), (1e6, "us"), (1e3, "ms"), (1, "s")] {
                let scaled = seconds * factor
                guard scaled < 999.5 else { continue }
                return decimal(scaled, digits: scaled < 99.95 && unit != "ns" ? 1 : 0) + unit
            }
        }
        let whole = UInt64(seconds.rounded())
        if whole < 3600 { return "\(whole / 60)m" + padded(whole % 60) + "s" }
        if whole < 86_400 { return "\(whole / 3600)h" + padded(whole / 60 % 60) + "m" }
        return "\(whole / 86_400)d" + padded(whole / 3600 % 24) + "h"
    }

    /// Time of a run: `00:14`, `1:02:03`.
    package static func clock(_ seconds: Double) -> String {
        let whole = UInt64(max(0, seconds))
        let tail = padded(whole / 60 % 60) + ":" + padded(whole % 60)
        return whole < 3600 ? tail : "\(whole / 3600):" + tail
    }

    /// `1.5 GiB`.
    package static func bytes(_ value: UInt64) -> String {
        if value < 1024 { return "\(value) B" }
        var scaled = Double(value) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if scaled < 1023.5 {
                return decimal(scaled, digits: scaled < 99.95 ? 1 : 0) + " " + unit
            }
            scaled /= 1024
        }
        return decimal(scaled, digits: 1) + " TiB"
    }

    /// Rounded; a zero behind the point is left out.
    private static func decimal(_ value: Double, digits: Int) -> String {
        if digits == 0 { return String(Int64(value.rounded())) }
        let tenths = Int64((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static func padded(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
