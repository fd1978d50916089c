// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem
import MillraceWire
import Synchronization

/// One measured run of a plan. A record counts when it has reached the sink.
struct BenchRun {
    private let plan: Plan
    private let signals: SignalWatch
    /// Where checkpoints go; nil: there are none.
    private let folder: String?
    private let started: Int64

    init(_ plan: Plan, _ signals: SignalWatch, checkpoints folder: String? = nil) {
        self.plan = plan
        self.signals = signals
        self.folder = folder
        self.started = MonotonicClock.now()
    }

    /// Records per second between the end of the warm-up and `duration` later.
    func throughput(
        shape: String, sink: String?, warmup: Int64, duration: Int64
    ) throws(Failure) -> BenchResult {
        let samples = Mutex<[RunSnapshot]>([])
        try watch { run, pause in
            while case .starting = run.status().phase { pause(1_000_000) }
            pause(warmup)
            for last in [false, true] {
                let snapshot = run.status()
                guard case .running = snapshot.phase else { return }
                samples.withLock { $0.append(snapshot) }
                if !last { pause(duration) }
            }
        }
        let seen = samples.withLock { $0 }
        guard seen.count == 2 else {
            throw Failure(
                .usage, "the run ended before \(Quantity.text(duration: warmup + duration))",
                next: "measure a topology whose sources do not end, or less of it with --for")
        }
        return BenchResult(shape: shape, plan: plan, sink: sink, first: seen[0], last: seen[1])
    }

    /// Time until the first record reaches the sink, and the memory that is taken then.
    func startUp(sink: String) throws(Failure) -> StartResult {
        let found = Mutex<StartResult?>(nil)
        let plan = plan
        let started = started
        try watch { run, pause in
            while true {
                let snapshot = run.status()
                switch snapshot.phase {
                case .starting, .recovering: pause(1_000_000)
                case .running:
                    let arrived = snapshot.nodes.first { $0.id == sink }?.recordsIn ?? 0
                    guard arrived > 0, let pid = snapshot.executor else {
                        pause(1_000_000)
                        continue
                    }
                    let seconds = Double(snapshot.instant - started) / 1e9
                    // What is set up after the first record belongs to it, too.
                    pause(200_000_000)
                    let memory = Machine.proportionalBytes(of: pid)
                    found.withLock {
                        $0 = StartResult(
                            tasks: plan.taskCount, threads: plan.threads, seconds: seconds,
                            memory: memory)
                    }
                    return
                case .draining, .stopped, .failed: return
                }
            }
        }
        guard let result = found.withLock({ $0 }) else {
            throw Failure(.usage, "the run ended before a record reached the sink")
        }
        return result
    }

    /// Runs the plan here and `body` on a thread of its own, then stops the run. `pause` waits for
    /// so many nanoseconds, or until the run is over.
    private func watch(
        _ body: @escaping @Sendable (LocalRun, (Int64) -> Void) -> Void
    ) throws(Failure) {
        let outcome = try System.call {
            let run = try LocalRun(
                plan: plan, executable: PluginOptions.executable(),
                options: .init(stateFolder: folder, keepsState: false), signals: signals,
                onLog: { line in
                    if line.level == .error || line.level == .warn {
                        StandardError.write("\(line.node) \(line.text)\n")
                    }
                })
            let poller = try Poller()
            let thread = try PinnedThread(name: "mr-bench") {
                body(run) { nanoseconds in
                    let milliseconds = Int32(clamping: max(1, nanoseconds / 1_000_000))
                    // A poller that cannot wait makes the pause shorter, never the result wrong.
                    _ = try? poller.wait(milliseconds: milliseconds)
                }
                run.requestStop()
            }
            let outcome = run.run()
            poller.wake()
            thread.join()
            return outcome
        }
        if let failure = outcome.failure { throw failure }
    }
}

/// What `bench SHAPE` prints.
struct BenchResult {
    static let payloadBytes = 100

    var json: JSON
    var text: String

    init(shape: String, plan: Plan, sink: String?, first: RunSnapshot, last: RunSnapshot) {
        let isBundled = sink != nil
        func records(_ snapshot: RunSnapshot) -> UInt64 {
            guard let sink else { return snapshot.recordsOut }
            return snapshot.nodes.first { $0.id == sink }?.recordsIn ?? 0
        }
        let count = records(last) &- records(first)
        let seconds = Double(last.instant - first.instant) / 1e9
        var members: [JSON.Member] = [
            .init("shape", .string(shape)), .init("records", .int(Int64(clamping: count))),
            .init("seconds", .double(seconds)),
            .init("records_per_second", .double((Double(count) / seconds).rounded())),
            .init("payload_bytes", isBundled ? .int(Int64(Self.payloadBytes)) : .null),
            .init("threads", .int(Int64(plan.threads))),
        ]
        text = "\(shape)  \(Figures.rate(Double(count) / seconds))"
        text += "  (\(Figures.count(count)) records in \(Figures.duration(seconds)))"
        if let times = BenchResult.roundtrip(first, last) {
            for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
                let value = times.quantile(share) ?? 0
                members.append(.init("\(name)_ns", .int(Int64(clamping: value))))
                text += "  \(name) \(Figures.duration(Double(value) / 1e9))"
            }
        }
        members += [.init("version", .string(Release.version)), .init("machine", Machine.json)]
        json = .object(members)
    }

    /// The histogram that the token sink makes, for the time between the two.
    private static func roundtrip(_ first: RunSnapshot, _ last: RunSnapshot) -> LatencyReading? {
        func read(_ snapshot: RunSnapshot) -> LatencyReading? {
            let all = snapshot.nodes.flatMap(\.metrics)
            return all.first { $0.cell.name == "roundtrip" }?.histogram.map(LatencyReading.init)
        }
        guard let late = read(last), let early = read(first) else { return nil }
        return late.since(early)
    }
}

/// What `bench tasks` prints.
struct StartResult {
    var tasks: Int
    var threads: Int
    var seconds: Double
    var memory: UInt64?

    var json: JSON {
        .object([
            .init("shape", .string("tasks")), .init("tasks", .int(Int64(tasks))),
            .init("start_seconds", .double(seconds)),
            .init("pss_bytes", memory.map { .int(Int64(clamping: $0)) } ?? .null),
            .init("payload_bytes", .int(Int64(BenchResult.payloadBytes))),
            .init("threads", .int(Int64(threads))), .init("version", .string(Release.version)),
            .init("machine", Machine.json),
        ])
    }

    var text: String {
        "\(tasks) tasks  first record after \(Figures.duration(seconds))  memory "
            + (memory.map(Figures.bytes) ?? "unknown")
    }
}
