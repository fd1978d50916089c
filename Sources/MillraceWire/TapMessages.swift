// SPDX-License-Identifier: Apache-2.0
// What a supervisor and an executor say about taps. The supervisor asks, again and again, with the
// whole wish; an executor that does not know the tap yet begins it, so the next attempt of a job is
// tapped without anybody remembering to. Each question is answered by one page, and there is one
// question at a time for each tap: what nobody asks for is not sent.
import MillraceCore
import MillraceDelivery

/// Which records somebody wants to see.
package struct TapWish: Hashable, Codable, Sendable {
    package var node: String
    /// Position of an output port; nil: what the node takes.
    package var port: Int?
    /// At most so many, over a while.
    package var perSecond: Int
    /// An expression; nil: all.
    package var condition: String?
    /// Values are wanted as texts, also where they are JSON.
    package var asText: Bool

    package init(
        node: String, port: Int?, perSecond: Int, condition: String? = nil, asText: Bool = false
    ) {
        self.node = node
        self.port = port
        self.perSecond = perSecond
        self.condition = condition
        self.asText = asText
    }
}

/// A copy of a record, made fit to be shown.
package struct TappedRecord: Hashable, Codable, Sendable {
    package enum Form: Hashable, Codable, Sendable {
        /// JSON on one line.
        case json(String)
        case text(String)
        /// What is no UTF-8.
        case base64(String)
    }

    /// Which task of the node.
    package var task: Int
    /// Position among the node's ports of that side.
    package var port: Int
    /// When it passed, nanoseconds since 1970.
    package var at: Int64
    /// Event time, nanoseconds since 1970; nil: it has none.
    package var time: Int64?
    /// nil: it has none.
    package var key: Form?
    package var value: Form
    /// Bytes of the value; more than are in `value` where it was cut.
    package var size: Int
    package var isCut: Bool
    package var trace: UInt32

    package init(
        task: Int, port: Int, at: Int64, time: Int64?, key: Form?, value: Form, size: Int,
        isCut: Bool, trace: UInt32
    ) {
        self.task = task
        self.port = port
        self.at = at
        self.time = time
        self.key = key
        self.value = value
        self.size = size
        self.isCut = isCut
        self.trace = trace
    }
}

/// What has been sampled since the page before, and how much there was since the tap began in this
/// executor.
package struct TapPage: Hashable, Codable, Sendable {
    package var tap: Int
    package var records: [TappedRecord]
    /// Records that passed.
    package var passed: UInt64
    /// Those of them that the condition was asked about.
    package var examined: UInt64
    /// Those of them for which it came to nothing, and why the last one did.
    package var undecided: UInt64
    package var reason: String?

    package init(
        tap: Int, records: [TappedRecord] = [], passed: UInt64 = 0, examined: UInt64 = 0,
        undecided: UInt64 = 0, reason: String? = nil
    ) {
        self.tap = tap
        self.records = records
        self.passed = passed
        self.examined = examined
        self.undecided = undecided
        self.reason = reason
    }
}

extension TappedRecord.Form {
    /// Bytes that are no text.
    package static func base64(of bytes: [UInt8]) -> Self { .base64(DeadLetter.base64(bytes)) }
}
