// SPDX-License-Identifier: Apache-2.0
// Answers that come piece by piece, and the events of a tap:
//
//     record   {node, port, task, at, time, key | key_base64, value | raw | base64, size, trace}
//              `value` is JSON as it is in the record, `raw` text, `base64` what is no UTF-8;
//              `size` in bytes, and `cut` where only the beginning of the value is shown; `at` is
//              when it passed, `time` its event time; `trace` where it has one
//     seen     {shown, about_per_second}, once a second: records that were shown since the tap
//              began, and how many pass in a second; with a condition also `examined`, `undecided`
//              and `reason`: how many it was asked about, for how many it came to nothing, and why
import MillraceCore

/// One event of a stream.
package struct StreamEvent: Hashable, Sendable {
    package var name: String
    /// JSON on one line.
    package var data: String

    package init(_ name: String, _ data: String) {
        self.name = name
        self.data = data
    }
}

/// Takes events; false: nobody wants more.
package typealias EventSink = (StreamEvent) -> Bool

/// A record that a tap has copied.
package struct TapRecord: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        /// JSON on one line, which goes on as it is: no number is read and written again.
        case json(String)
        case text(String)
        case base64(String)
    }

    package var node: String
    package var port: String
    package var task: Int
    /// Nanoseconds since 1970.
    package var at: Int64
    package var time: Int64?
    package var key: Form?
    package var value: Form
    package var size: Int
    package var isCut: Bool
    package var trace: UInt32

    package init(
        node: String, port: String, task: Int, at: Int64, time: Int64? = nil, key: Form? = nil,
        value: Form, size: Int, isCut: Bool = false, trace: UInt32 = 0
    ) {
        self.node = node
        self.port = port
        self.task = task
        self.at = at
        self.time = time
        self.key = key
        self.value = value
        self.size = size
        self.isCut = isCut
        self.trace = trace
    }

    package var event: StreamEvent {
        var members = [
            ("node", JSON.string(node).text), ("port", JSON.string(port).text),
            ("task", "\(task)"), ("at", Self.instant(at)),
            ("time", time.map(Self.instant) ?? "null"),
        ]
        switch key {
        case nil: members.append(("key", "null"))
        case .base64(let text): members.append(("key_base64", JSON.string(text).text))
        case .text(let text), .json(let text): members.append(("key", JSON.string(text).text))
        }
        switch value {
        case .json(let text): members.append(("value", text))
        case .text(let text): members.append(("raw", JSON.string(text).text))
        case .base64(let text): members.append(("base64", JSON.string(text).text))
        }
        members.append(("size", "\(size)"))
        if isCut { members.append(("cut", "true")) }
        if trace != 0 { members.append(("trace", "\(trace)")) }
        return StreamEvent(
            "record", "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}")
    }

    private static func instant(_ nanoseconds: Int64) -> String {
        "\"\(Timestamp.text(nanosecondsSince1970: nanoseconds))\""
    }
}

/// How many records there are beside those that are shown.
package struct TapSeen: Hashable, Codable, Sendable {
    package var shown: Int
    package var aboutPerSecond: Double
    package var examined: UInt64?
    package var undecided: UInt64?
    package var reason: String?

    enum CodingKeys: String, CodingKey {
        case shown, examined, undecided, reason
        case aboutPerSecond = "about_per_second"
    }

    package init(shown: Int, aboutPerSecond: Double) {
        self.shown = shown
        self.aboutPerSecond = aboutPerSecond
    }

    package var event: StreamEvent {
        var members: [JSON.Member] = [
            .init("shown", .int(Int64(shown))),
            .init("about_per_second", .double(aboutPerSecond)),
        ]
        if let examined { members.append(.init("examined", .int(Int64(clamping: examined)))) }
        if let undecided { members.append(.init("undecided", .int(Int64(clamping: undecided)))) }
        if let reason { members.append(.init("reason", .string(reason))) }
        return StreamEvent("seen", JSON.object(members).text)
    }
}
