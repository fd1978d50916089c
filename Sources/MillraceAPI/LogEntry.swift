// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A line of a job's log, as it is asked for.
package struct LogEntry: Hashable, Codable, Sendable {
    /// Counts all lines of the job, from 1.
    package var number: UInt64
    /// RFC 3339, UTC.
    package var ts: String
    package var level: String
    package var msg: String
    package var code: String?
    package var node: String?
    package var task: Int?

    package init(
        number: UInt64, ts: String, level: String, msg: String, code: String? = nil,
        node: String? = nil, task: Int? = nil
    ) {
        self.number = number
        self.ts = ts
        self.level = level
        self.msg = msg
        self.code = code
        self.node = node
        self.task = task
    }

    package var json: JSON {
        var members: [JSON.Member] = [
            .init("number", .int(Int64(clamping: number))), .init("ts", .string(ts)),
            .init("level", .string(level)), .init("msg", .string(msg)),
        ]
        if let code { members.append(.init("code", .string(code))) }
        if let node { members.append(.init("node", .string(node))) }
        if let task { members.append(.init("task", .int(Int64(task)))) }
        return .object(members)
    }
}

/// The answer to `/jobs/{job}/logs`: lines behind a number, oldest first. Ask again behind the last
/// one until there are none.
package struct LogPage: Hashable, Codable, Sendable {
    /// One page; an answer has to fit into a line of the socket.
    package static let linesMax = 200

    package var items: [LogEntry]
    /// True when there are no later lines just now.
    package var isLast: Bool

    enum CodingKeys: String, CodingKey {
        case items
        case isLast = "is_last"
    }

    package init(items: [LogEntry], isLast: Bool) {
        self.items = items
        self.isLast = isLast
    }

    var json: JSON {
        .object([
            .init("items", .array(items.map(\.json))), .init("is_last", .bool(isLast)),
        ])
    }
}
