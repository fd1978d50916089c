// SPDX-License-Identifier: Apache-2.0

/// Points in time as text: RFC 3339 in UTC, to the second. Foundation's formatters would load a
/// locale at every start.
package enum Timestamp {
    package static func text(nanosecondsSince1970 time: Int64) -> String {
        // Towards the past, and without a sum that the earliest time has no room for.
        let (whole, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        let seconds = rest < 0 ? whole - 1 : whole
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let clock = seconds - days * 86_400
        let (year, month, day) = date(days: days)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
            + "\(padded(clock / 3600, 2)):\(padded(clock / 60 % 60, 2)):\(padded(clock % 60, 2))Z"
    }

    /// The same with the fraction of the second, if there is one.
    package static func exact(nanosecondsSince1970 time: Int64) -> String {
        let whole = text(nanosecondsSince1970: time)
        let rest = time % 1_000_000_000
        let fraction = rest < 0 ? rest + 1_000_000_000 : rest
        if fraction == 0 { return whole }
        var digits = padded(fraction, 9)
        while digits.last == "0" { digits.removeLast() }
        return "\(whole.dropLast()).\(digits)Z"
    }

    /// Days since 1970 to a date of the Gregorian calendar, by counting from the 1st of March
    /// of year 0 in eras of 400 years, so that the leap day is the last of its year.
    private static func date(days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
