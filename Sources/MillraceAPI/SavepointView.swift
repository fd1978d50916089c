// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The body of `POST /jobs/JOB/savepoints`.
package struct SavepointRequest: Hashable, Sendable {
    /// The folder to write, an absolute path.
    package var to: String

    package init(to: String) { self.to = to }

    /// Throws MR1003 for a body that is none.
    package init(_ body: JSON) throws(Failure) {
        guard case .object(let members) = body else {
            throw Failure(.usage, "the body: expected a map")
        }
        if let other = members.first(where: { $0.name != "to" }) {
            throw Failure(.usage, "a savepoint has no `\(other.name)`")
        }
        guard case .string(let path)? = body["to"], path.hasPrefix("/") else {
            throw Failure(.usage, "to: expected an absolute path")
        }
        to = path
    }

    package var json: JSON { .object([.init("to", .string(to))]) }
}

/// A savepoint that a job was asked for while it runs: an item of `GET /jobs/JOB/savepoints`.
package struct SavepointView: Hashable, Codable, Sendable {
    package enum State: String, Hashable, Codable, Sendable {
        /// For a checkpoint that begins.
        case waiting
        /// Its checkpoint is under way.
        case taking
        /// Its checkpoint is committed, and its files are being copied.
        case copying
        case done, failed
    }

    package var job: String
    /// Its folder.
    package var savepoint: String
    package var state: State
    package var epoch: UInt64?
    package var files: Int?
    package var bytes: UInt64?
    /// RFC 3339.
    package var asked: String
    /// From then until it was done, or had failed.
    package var tookSeconds: Double?
    /// Why it has failed.
    package var problem: Problem?

    enum CodingKeys: String, CodingKey {
        case job, savepoint, state, epoch, files, bytes, asked, problem
        case tookSeconds = "took_seconds"
    }

    /// `asked`: nanoseconds since 1970.
    package init(job: String, savepoint: String, state: State, asked: Int64) {
        self.job = job
        self.savepoint = savepoint
        self.state = state
        self.asked = Timestamp.text(nanosecondsSince1970: asked)
    }

    package var json: JSON {
        func number(_ value: UInt64?) -> JSON { value.map { .int(Int64(clamping: $0)) } ?? .null }
        return .object([
            .init("job", .string(job)), .init("savepoint", .string(savepoint)),
            .init("state", .string(state.rawValue)), .init("epoch", number(epoch)),
            .init("files", number(files.map { UInt64($0) })), .init("bytes", number(bytes)),
            .init("asked", .string(asked)),
            .init("took_seconds", tookSeconds.map(JSON.double) ?? .null),
            .init("problem", problem?.json ?? .null),
        ])
    }
}
