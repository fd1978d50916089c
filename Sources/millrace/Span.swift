// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceCore

/// A span of time on the command line, in nanoseconds: `250ms`, `10s`, `1h30m`.
struct Span: ExpressibleByArgument, Hashable, Sendable {
    var nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init?(argument: String) {
        guard let value = try? Quantity.duration(argument) else { return nil }
        nanoseconds = value
    }

    var defaultValueDescription: String { Quantity.text(duration: nanoseconds) }
}

/// A span of time, or nothing at all: `1s`, `off`.
enum SpanOrOff: ExpressibleByArgument, Hashable, Sendable {
    case span(Span)
    case off

    init?(argument: String) {
        if argument == "off" {
            self = .off
        } else if let span = Span(argument: argument), span.nanoseconds > 0 {
            self = .span(span)
        } else {
            return nil
        }
    }
}
