// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem
import MillraceWire
import Synchronization

/// A local run as the API sees it. Any thread.
final class RunSurface: ControlSurface {
    /// Rates are those of the last second, or a little more.
    private static let windowNanoseconds: Int64 = 900_000_000

    private let run: LocalRun
    private let journal: RunJournal
    /// Why there are no checkpoints, where there are none.
    private let obstacle: String?
    private let started = WallClock.now()
    /// Readings of the last seconds, oldest first; never empty.
    private let history: Mutex<[JobReading]>

    init(_ run: LocalRun, journal: RunJournal, obstacle: String? = nil) {
        self.run = run
        self.journal = journal
        self.obstacle = obstacle
        history = Mutex([.zero(tasks: run.plan.taskCount, instant: MonotonicClock.now())])
    }

    var host: HostView {
        HostView(
            program: "millrace", pid: Int(getpid()), started: started,
            stateFolder: run.stateFolder)
    }

    func jobs() -> [JobView] { [view()] }

    func view(of job: String) -> JobView? { job == run.plan.job ? view() : nil }

    func plan(of job: String) -> Plan? { job == run.plan.job ? run.plan : nil }

    func logs(of job: String, after: UInt64) -> LogPage? {
        job == run.plan.job ? journal.page(after: after) : nil
    }

    func stop(_ job: String, _ request: StopRequest) throws(Failure) {
        switch run.status().phase {
        case .starting, .running, .recovering: break
        case .draining where request.now: break
        case .draining: throw Failure(.wrongState, "\(job) drains already")
        case .stopped, .failed: throw Failure(.wrongState, "\(job) is over")
        }
        if let path = request.savepoint { try checkSavepoint(of: job, to: path) }
        run.requestStop(
            .init(
                now: request.now, savepoint: request.savepoint,
                drainTimeout: request.drainTimeout))
    }

    func makeSavepoint(_ job: String, _ request: SavepointRequest) throws(Failure) {
        switch run.status().phase {
        case .starting, .running, .recovering: break
        case .draining:
            throw Failure(
                .wrongState, "\(job) drains, and is over after its last checkpoint",
                next: "`millrace stop --savepoint` makes a savepoint of that")
        case .stopped, .failed: throw Failure(.wrongState, "\(job) is over")
        }
        try checkSavepoint(of: job, to: request.to)
        try run.requestSavepoint(to: request.to)
    }

    private func checkSavepoint(of job: String, to path: String) throws(Failure) {
        guard run.hasState else {
            let reason = obstacle ?? "its topology asks for at_most_once"
            throw Failure(
                .wrongState, "\(job) keeps no state that a savepoint could be made of: \(reason)",
                next: obstacle == nil
                    ? "ask for another `checkpoint.guarantee`" : "start it with --state-dir")
        }
        if let folder = run.stateFolder, StatePlace.lies(path, in: folder) {
            throw Failure(
                .usage, "\(path) is in the state directory of the run, and would go with it",
                next: "name a folder outside of \(folder)")
        }
        try Savepoint.checkPlace(path)
    }

    func savepoints(of job: String) -> [SavepointView] {
        run.savepoints.map { SavepointView(job: job, $0) }
    }

    func tap(_ job: String, _ request: TapRequest, _ send: EventSink) throws(Failure) {
        try RunTap.serve(request, of: run, send)
    }

    /// The state of now, with the rates of the last second.
    func view() -> JobView {
        let snapshot = run.status()
        let now = JobReading(snapshot)
        let earlier = history.withLock { readings -> JobReading in
            let limit = now.instant - Self.windowNanoseconds
            let old = readings.lastIndex { $0.instant <= limit } ?? 0
            let found = readings[old]
            readings.removeSubrange(..<old)
            let newest = readings[readings.count - 1].instant
            if now.instant - newest >= Self.windowNanoseconds / 3 { readings.append(now) }
            return found
        }
        return JobView(run.plan, snapshot, earlier: earlier, now: now)
    }

    /// The end of the run, with the rates of all of it.
    func summary(_ snapshot: RunSnapshot) -> JobView {
        let now = JobReading(snapshot)
        let start = JobReading.zero(
            tasks: run.plan.taskCount, instant: now.instant - snapshot.running)
        return JobView(run.plan, snapshot, earlier: start, now: now)
    }
}

extension JobView {
    init(_ plan: Plan, _ snapshot: RunSnapshot, earlier: JobReading, now: JobReading) {
        self.init(
            plan: plan, phase: JobPhase(snapshot.phase), since: snapshot.since,
            running: snapshot.running, wallClock: WallClock.now(), earlier: earlier, now: now)
    }
}

extension JobReading {
    init(_ snapshot: RunSnapshot) {
        self.init(instant: snapshot.instant, tasks: snapshot.tasks.map(TaskReading.init))
    }
}

extension TaskReading {
    init(_ sample: TaskSample) {
        self.init()
        recordsIn = sample.cells.recordsIn
        recordsOut = sample.cells.recordsOut
        busy = sample.times.busy
        blocked = sample.times.blocked
        starved = sample.times.starved
        queue = sample.cells.queue
        queueCapacity = sample.cells.queueCapacity
        refused = sample.cells.refused
        retries = sample.cells.retries
        finished = sample.cells.finished
        callAge = sample.callAge
        latency = LatencyReading(sample.cells.latency)
        watermark = sample.cells.watermark
        isIdle = sample.cells.isIdle
    }
}

extension LatencyReading {
    init(_ histogram: Histogram) {
        self.init(count: histogram.count, max: histogram.max, buckets: histogram.buckets)
    }
}

extension JobPhase {
    init(_ phase: RunPhase) {
        switch phase {
        case .starting: self = .starting
        case .running: self = .running
        case .recovering(let failure): self = .recovering(failure)
        case .draining(let cause, let deadline):
            self = .draining(why: .init(cause), deadline: deadline)
        case .stopped(let cause): self = .ended(why: .init(cause))
        case .failed(let failure): self = .failed(failure)
        }
    }
}

extension MillraceAPI.DrainCause {
    init(_ cause: MillraceJobs.DrainCause) {
        switch cause {
        case .sourcesEnded: self = .sourcesEnded
        case .interrupted: self = .interrupted
        case .timeElapsed: self = .timeElapsed
        case .limitReached: self = .limitReached
        case .asked: self = .asked
        }
    }
}
