// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The word shown for a job. FAILED exists for local runs only.
package enum JobState: String, Hashable, Codable, Sendable {
    case starting = "STARTING"
    case running = "RUNNING"
    /// Running, with something that a person should know.
    case degraded = "DEGRADED"
    case recovering = "RECOVERING"
    /// Sources have stopped, what is under way still reaches the sinks.
    case draining = "DRAINING"
    case stopped = "STOPPED"
    /// Every source ended and every sink took everything.
    case finished = "FINISHED"
    case failed = "FAILED"

    package var isOver: Bool { self == .stopped || self == .finished || self == .failed }
}

/// Why a job is in its state.
package struct JobReason: Hashable, Codable, Sendable {
    package var code: String?
    package var text: String
    package var node: String?
    package var task: Int?

    package init(code: String? = nil, text: String, node: String? = nil, task: Int? = nil) {
        self.code = code
        self.text = text
        self.node = node
        self.task = task
    }

    package init(_ failure: Failure) {
        self.init(code: failure.code.description, text: failure.text, node: failure.node)
    }

    var json: JSON {
        var members: [JSON.Member] = []
        if let code { members.append(.init("code", .string(code))) }
        members.append(.init("text", .string(text)))
        if let node { members.append(.init("node", .string(node))) }
        if let task { members.append(.init("task", .int(Int64(task)))) }
        return .object(members)
    }
}

/// What happens next, by itself or by somebody's hand.
package struct JobNext: Hashable, Codable, Sendable {
    package var text: String
    /// RFC 3339, UTC.
    package var at: String?

    package init(text: String, at: String? = nil) {
        self.text = text
        self.at = at
    }

    var json: JSON {
        var members = [JSON.Member("text", .string(text))]
        if let at { members.append(.init("at", .string(at))) }
        return .object(members)
    }
}

/// What the supervisor of a job knows about it, beside the counters.
package enum JobPhase: Hashable, Sendable {
    /// Plugins are being loaded and tasks opened.
    case starting
    case running
    /// An attempt failed, the next one goes on from the last checkpoint.
    case recovering(Failure)
    /// Sources have been told to end; `deadline` in nanoseconds since 1970.
    case draining(why: DrainCause, deadline: Int64)
    /// Nothing is left anywhere.
    case ended(why: DrainCause)
    case failed(Failure)
}

/// Why a job drains.
package enum DrainCause: String, Hashable, Codable, Sendable {
    case sourcesEnded = "every source has ended"
    case interrupted = "interrupted by a signal"
    case timeElapsed = "its time is up"
    case limitReached = "its limit is reached"
    case asked = "asked to stop"
}
