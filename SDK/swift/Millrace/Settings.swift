// SPDX-License-Identifier: Apache-2.0

/// A number of bytes.
public struct Size: Hashable, Sendable {
    /// Bytes.
    public let bytes: Int64

    /// So many bytes.
    public static func bytes(_ count: Int64) -> Size { Size(bytes: count) }
    /// 1,024 bytes each.
    public static func kibibytes(_ count: Int64) -> Size { Size(bytes: count << 10) }
    /// 1,024 KiB each.
    public static func mebibytes(_ count: Int64) -> Size { Size(bytes: count << 20) }
    /// 1,024 MiB each.
    public static func gibibytes(_ count: Int64) -> Size { Size(bytes: count << 30) }

    var yaml: YAML {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if bytes != 0, bytes & ((1 << shift) - 1) == 0 {
                return .bare("\(bytes >> shift)\(unit)")
            }
        }
        return .bare("\(bytes)")
    }
}

/// So many in a time.
public struct Rate: Hashable, Sendable {
    private let text: String

    /// In each second.
    public static func perSecond(_ count: Int) -> Rate { Rate(text: "\(count)/s") }
    /// In each minute.
    public static func perMinute(_ count: Int) -> Rate { Rate(text: "\(count)/m") }
    /// In each hour.
    public static func perHour(_ count: Int) -> Rate { Rate(text: "\(count)/h") }

    var yaml: YAML { .bare(text) }
}

/// Where an operator runs.
public enum Isolation: String, Sendable {
    /// In the process that runs the other operators.
    case executor
    /// In a process of its own: its crash ends nothing else.
    case process
}

/// What follows when an operator refuses a record.
public enum ErrorReaction: String, Sendable {
    /// It is kept aside.
    case deadLetter = "dead_letter"
    /// It is counted, and gone.
    case drop
    /// The job ends.
    case fail
    /// The job is suspended.
    case pause
}

/// The weight of a log line.
public enum LogLevel: String, Sendable {
    /// Everything.
    case trace
    /// For who wrote the operator.
    case debug
    /// What a user wants to know.
    case info
    /// What may need somebody.
    case warn
    /// What went wrong.
    case error
}

/// What a number that is a time counts since 1970.
public enum TimeUnit: String, Sendable {
    /// Seconds.
    case seconds = "s"
    /// Milliseconds.
    case milliseconds = "ms"
    /// Microseconds.
    case microseconds = "us"
    /// Nanoseconds.
    case nanoseconds = "ns"
}

/// The groups of records that an aggregate counts together.
public struct Window: Sendable {
    let members: [YAML.Member]

    /// Windows of this length, end to end.
    public static func fixed(_ length: Duration) -> Window {
        Window(members: [.init("fixed", .duration(length))])
    }

    /// Windows of this length, one after each step.
    public static func sliding(_ length: Duration, step: Duration) -> Window {
        Window(members: [.init("sliding", .duration(length)), .init("step", .duration(step))])
    }

    /// A window ends when its key was silent for so long.
    public static func session(gap: Duration) -> Window {
        Window(members: [.init("session", .duration(gap))])
    }

    /// One window that never ends.
    public static let global = Window(members: [.init("global", .bare("true"))])
}

/// When a window gives results.
public struct Emission: Sendable {
    let yaml: YAML

    /// Once, when the window closes.
    public static let onClose = Emission(yaml: .text("on_close"))

    /// Also again and again after this time.
    public static func every(_ span: Duration) -> Emission {
        Emission(yaml: .map([.init("every", .duration(span))]))
    }

    /// Also after so many records.
    public static func count(_ records: Int) -> Emission {
        Emission(yaml: .map([.init("count", .bare("\(records)"))]))
    }
}

/// What a second result of a window says.
public enum Results: String, Sendable {
    /// The new total, in place of the last one.
    case replace
    /// What came since the last result.
    case delta
    /// The last total taken back, then the new one.
    case retract
}

/// How a loop without work waits.
public enum Idle: String, Sendable {
    /// It spins for some microseconds, then sleeps.
    case adaptive
    /// It never sleeps. For measurements.
    case spin
}

/// What a failure may do to the results.
public enum Guarantee: String, Sendable {
    /// Each record counts once, also after a failure.
    case exactlyOnce = "exactly_once"
    /// Records may count again after a failure.
    case atLeastOnce = "at_least_once"
    /// Records may be lost in a failure.
    case atMostOnce = "at_most_once"
}

/// Settings of the whole topology.
extension Topology {
    /// What nodes and edges get that do not say it themselves.
    public func defaults(
        parallelism: Int? = nil, queue: Int? = nil, isolation: Isolation? = nil,
        watchdogSoft: Duration? = nil, watchdogHard: Duration? = nil,
        onError: ErrorReaction? = nil, retryAttempts: Int? = nil,
        retryBackoff: ClosedRange<Duration>? = nil
    ) -> Topology {
        var members: [YAML.Member] = []
        if let parallelism { members.append(.init("parallelism", .bare("\(parallelism)"))) }
        if let queue { members.append(.init("queue", .bare("\(queue)"))) }
        if let isolation { members.append(.init("isolation", .text(isolation.rawValue))) }
        if watchdogSoft != nil || watchdogHard != nil {
            members.append(.init("watchdog", YAML.watchdog(watchdogSoft, watchdogHard)))
        }
        if let onError { members.append(.init("on_error", .text(onError.rawValue))) }
        if retryAttempts != nil || retryBackoff != nil {
            members.append(.init("retry", YAML.retry(retryAttempts, retryBackoff)))
        }
        return adding("defaults", .map(members))
    }

    /// The executor's memory for records.
    public func arena(_ size: Size) -> Topology { adding("arena", size.yaml) }

    /// How many loop threads there are; by default as many as processors.
    public func threads(_ count: Int) -> Topology { adding("threads", .bare("\(count)")) }

    /// Whether each loop thread is bound to a processor of its own. For measurements.
    public func pin(_ pin: Bool = true) -> Topology { adding("pin", .bare("\(pin)")) }

    /// How a loop without work waits. For measurements.
    public func idle(_ idle: Idle) -> Topology { adding("idle", .text(idle.rawValue)) }

    /// The sink for refused records, and how many of one node are accepted.
    public func deadLetter(
        use: String? = nil, with parameters: Parameters = [:], limit: Rate? = nil
    ) -> Topology {
        var members: [YAML.Member] = []
        if let use { members.append(.init("use", .text(use))) }
        if !parameters.members.isEmpty { members.append(.init("with", parameters.yaml)) }
        if let limit { members.append(.init("limit", limit.yaml)) }
        return adding("dead_letter", .map(members))
    }

    /// When and where the state of the job is saved. In `store`, each `${…}` is replaced.
    public func checkpoint(
        every: Duration? = nil, guarantee: Guarantee? = nil, store: String? = nil,
        timeout: Duration? = nil, retain: Int? = nil
    ) -> Topology {
        var members: [YAML.Member] = []
        if let every { members.append(.init("every", .duration(every))) }
        if let guarantee { members.append(.init("guarantee", .text(guarantee.rawValue))) }
        if let store { members.append(.init("store", .text(store))) }
        if let timeout { members.append(.init("timeout", .duration(timeout))) }
        if let retain { members.append(.init("retain", .bare("\(retain)"))) }
        return adding("checkpoint", .map(members))
    }

    /// What follows when a task crashes: growing waits, and so many restarts in a time.
    public func restart(
        backoff: ClosedRange<Duration>? = nil, budget: (count: Int, per: Duration)? = nil
    ) -> Topology {
        var members: [YAML.Member] = []
        if let backoff { members.append(.init("backoff", .durations(backoff))) }
        if let budget {
            members.append(
                .init(
                    "budget",
                    .map([
                        .init("count", .bare("\(budget.count)")),
                        .init("per", .duration(budget.per)),
                    ])))
        }
        return adding("restart", .map(members))
    }

    /// Whether each task has metrics of its own, not only each node.
    public func metrics(perTask: Bool) -> Topology {
        adding("metrics", .map([.init("per_task", .bare("\(perTask)"))]))
    }
}
