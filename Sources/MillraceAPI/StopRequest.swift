// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The body of `POST /jobs/JOB/stop`; nothing in it is needed.
package struct StopRequest: Hashable, Sendable {
    /// End at once: nothing is drained.
    package var now = false
    /// The folder of a savepoint to write, an absolute path.
    package var savepoint: String?
    /// Nanoseconds that draining may take.
    package var drainTimeout: Int64?

    package init(now: Bool = false, savepoint: String? = nil, drainTimeout: Int64? = nil) {
        self.now = now
        self.savepoint = savepoint
        self.drainTimeout = drainTimeout
    }

    /// Throws MR1003 for a body that is none.
    package init(_ body: JSON) throws(Failure) {
        guard body != .null else { return }
        guard case .object(let members) = body else { throw Self.wrong("a map", "the body") }
        for member in members {
            switch (member.name, member.value) {
            case ("now", .bool(let flag)): now = flag
            case ("savepoint", .string(let path)) where path.hasPrefix("/"): savepoint = path
            case ("drain_timeout", .string(let text)):
                guard let span = try? Quantity.duration(text), span > 0 else {
                    throw Self.wrong("a duration such as 10s", "drain_timeout")
                }
                drainTimeout = span
            case ("savepoint", .null), ("drain_timeout", .null): break
            case ("now", _): throw Self.wrong("true or false", member.name)
            case ("savepoint", _): throw Self.wrong("an absolute path", member.name)
            case ("drain_timeout", _): throw Self.wrong("a duration such as 10s", member.name)
            default: throw Failure(.usage, "a stop has no `\(member.name)`")
            }
        }
        if now, savepoint != nil {
            throw Failure(
                .usage, "a savepoint is of a run that has drained",
                next: "leave out `now` or `savepoint`")
        }
    }

    package var json: JSON {
        .object([
            .init("now", .bool(now)), .init("savepoint", savepoint.map(JSON.string) ?? .null),
            .init(
                "drain_timeout",
                drainTimeout.map { .string(Quantity.text(duration: $0)) } ?? .null),
        ])
    }

    private static func wrong(_ expected: String, _ name: String) -> Failure {
        Failure(.usage, "\(name): expected \(expected)")
    }
}
