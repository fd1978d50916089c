// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

@testable import MillraceJobs

/// A run with checkpoints, played in memory: the store answers at once and keeps what it is given,
/// the executor does what it is told. What happens beside that is said by the story; `crash@2` is
/// of region 2, and so is `2 executor` of what was done, where there are several.
struct DurableStory {
    private static func crash(_ region: RegionID) -> Failure {
        let node = region == 1 ? "score" : "score\(region)"
        return Failure(.crash, node: node, "\(node)#0 crashed")
    }

    private(set) var machine: RunMachine
    private(set) var done: [String] = []
    private var now: Int64 = 1_000
    private var slots: [UInt64: [UInt8]]
    private var manifests: [String: Manifest]
    private var queue: [RunMachine.Event] = []
    /// The executor cannot write its part of an epoch.
    private var declines: DeclineReason?
    /// Copying a savepoint lasts until it is said to be over.
    private var isSlow = false
    private var unanswered: [RunMachine.Event] = []
    /// Acknowledgements do not come.
    private var isLate = false
    /// The last savepoint.
    private(set) var written: Manifest?
    /// Who is told to end crashes over it.
    private var isMessy = false
    /// What the last collection kept for savepoints.
    private(set) var kept: [String] = []
    /// The log takes nothing any more, and does not say so: its disk is full for good.
    private var isStuck = false

    /// `after`: an earlier run in the same folder.
    init(
        after earlier: DurableStory? = nil, keepsState: Bool = true, plan: Plan = Sample.plan(),
        regions: [JobLifecycle.RegionPlan]? = nil
    ) {
        slots = earlier?.slots ?? [:]
        manifests = earlier?.manifests ?? [:]
        machine = RunMachine(
            plan: plan, options: .init(keepsState: keepsState),
            job: JobCoordinator(
                plan: plan, regions: regions,
                options: .init(
                    plan: plan, folder: "/state", isKept: keepsState,
                    seed: UInt64(slots.count) + 7, wallOffset: 0)))
        carryOut(machine.begin())
        settle()
    }

    mutating func play(_ words: String) {
        for text in words.split(separator: " ") {
            let sides = text.split(separator: "@")
            let region = sides.count == 2 ? RegionID(sides[1]) ?? 0 : 1
            switch sides[0] {
            case "crash":
                queue.append(.exited(clean: false, verdict: Self.crash(region), region: region))
            case "poison":
                queue.append(
                    .exited(
                        clean: false, verdict: Self.crash(region),
                        stepped: ContentHash(low: 7, high: 8), region: region))
            case "refused": queue.append(.report(.failed(Failure(.notJSON, "no JSON")), region))
            case "many": queue.append(.report(.failed(Failure(.limitReached, "too many")), region))
            case "killed":
                queue.append(
                    .exited(
                        clean: false, verdict: Failure(.executorExited, "killed: SIGKILL"),
                        origin: .outside, region: region))
            case "failed": queue.append(.report(.failed(Failure(.operatorFailed, "no")), region))
            case "int": queue.append(.signal(2))
            case "drained": queue.append(.report(.drained, region))
            case "now": queue.append(.stopRequested(.init(now: true)))
            case "savepoint": queue.append(.stopRequested(.init(savepoint: "/sp")))
            case "full": queue.append(.stopRequested(.init(savepoint: "/full")))
            case "live": queue.append(.savepointRequested("/live"))
            case "live-full": queue.append(.savepointRequested("/full"))
            case "slow": isSlow.toggle()
            case "copied": if let answer = unanswered.popLast() { queue.append(answer) }
            case "late": isLate.toggle()
            case "messy": isMessy.toggle()
            case "declines": declines = declines == nil ? .pluginError : nil
            case "full-disk": declines = .storage
            case "no-space":
                queue.append(.report(.failed(Failure(.noSpaceLeft, node: "out", "no room"))))
            case "stuck": isStuck.toggle()
            case "full-sink":
                queue.append(
                    .report(.committed(2, [.retry], said: ["MR5307 no room for out.txt"])))
            case "1s": wait(ticks: 11)
            case "40s": wait(ticks: 400)
            default: preconditionFailure("BUG: no such word: \(text)")
            }
            settle()
        }
    }

    private mutating func wait(ticks: Int) {
        for _ in 0..<ticks {
            now += 100_000_000
            queue.append(
                .tick(
                    machine.parts.map {
                        var seen = RunMachine.Observation(heartbeat: now)
                        seen.region = $0.region
                        return seen
                    }))
            settle()
        }
    }

    private mutating func settle() {
        while !queue.isEmpty, !machine.isOver {
            now += 1_000
            carryOut(machine.handle(queue.removeFirst(), now: now))
        }
        queue = []
    }

    private mutating func carryOut(_ actions: [RunMachine.Action]) {
        for action in actions {
            switch action {
            case .start(_, _, let region):
                note("executor", region)
                queue.append(
                    .report(.hello(version: ControlChannel.version, release: "", pid: 1), region))
            case .store(let request): store(request)
            case .send(let command, let region): obey(command, region)
            case .kill(let region):
                note("kill", region)
                queue.append(.channelEnded(nil, region))
                queue.append(.exited(clean: false, verdict: Self.crash(region), region: region))
            case .log: break
            case .savepoint(let progress): tell(progress)
            case .stepDown: done.append("stepDown")
            }
        }
    }

    private mutating func store(_ request: StoreRequest) {
        switch request {
        case .readLog:
            queue.append(
                .stored(
                    .logRead(
                        snapshots: [], slots: slots.map { .init(number: $0.key, bytes: $0.value) }))
            )
        case .createSlot where isStuck: break
        case .createSlot(let slot, let nonce, let bytes):
            guard slots[slot] == nil else {
                queue.append(.stored(.log(.exists(slot: slot, bytes: slots[slot] ?? []))))
                return
            }
            slots[slot] = bytes
            queue.append(.stored(.log(.created(slot: slot, nonce: nonce))))
        case .lookForSnapshots: queue.append(.stored(.log(.snapshotsSeen(newest: nil))))
        case .writeManifest(let manifest):
            manifests[manifest.name] = manifest
            let hash = ContentHash(of: ManifestCodec.encoded(manifest))
            queue.append(.stored(.manifestWritten(manifest.epoch, hash)))
        case .readManifest(let name):
            guard let manifest = manifests[name] else { return }
            let hash = ContentHash(of: ManifestCodec.encoded(manifest))
            queue.append(.stored(.manifestRead(name, manifest, hash)))
        case .writeSavepoint(let names, let path):
            guard var manifest = manifests[names[0]] else { return }
            for name in names.dropFirst() {
                guard let other = manifests[name] else { return }
                manifest.add(other)
            }
            written = manifest
            done.append("savepoint of \(manifest.epoch)")
            let isFull = path == "/full"
            let answer =
                isFull
                ? JobCoordinator.Event.savepointFailed(Failure(.storeFailed, "no room"))
                : .savepointWritten(Savepoint.Description(manifest, []))
            if isSlow { unanswered.append(.stored(answer)) } else { queue.append(.stored(answer)) }
        case .collect(let log, _, _): kept = log.savepoints.flatMap(\.manifests)
        case .writeSnapshot, .deleteLog, .publishLetters: break
        }
    }

    /// Of the savepoint of a run that goes on.
    private mutating func tell(_ progress: SavepointProgress) {
        switch progress {
        case .waiting: done.append("waits")
        case .taking(let epoch): done.append("takes \(epoch)")
        case .copying(let epoch): done.append("copies \(epoch)")
        case .written(let facts): done.append("has \(facts.epoch)")
        case .failed(let failure): done.append("\(failure.code)")
        }
    }

    private mutating func obey(_ command: ExecutorCommand, _ region: RegionID) {
        switch command {
        case .load: queue.append(.report(.loaded, region))
        case .open(let identity):
            for node in identity?.steps ?? [] { note("steps of \(node)", region) }
            for record in identity?.quarantine ?? [] { note("without \(record.hash.low)", region) }
            queue.append(.report(.opened, region))
        case .endSteps(let node): note("no steps of \(node)", region)
        case .fence: queue.append(.report(.fenced(isDone: true), region))
        case .restore(let point):
            note("from \(point?.epoch ?? 0)", region)
            queue.append(.report(.restored, region))
        case .start: queue.append(.report(.started(metrics: []), region))
        case .trigger(let epoch, _):
            if let declines {
                queue.append(.report(.declined(epoch, declines, nil), region))
                return
            }
            guard !isLate else { return }
            guard let attempt = machine.job?.attempt(of: region) else { return }
            for executor in attempt.executors {
                queue.append(.report(.acked(ack(epoch, executor, attempt.plan, region)), region))
            }
        case .stop:
            queue.append(.exited(clean: !isMessy, verdict: Self.crash(region), region: region))
        case .close: queue.append(.report(.stopped, region))
        case .commit, .giveUp, .complete, .drain, .tap, .untap: break
        }
    }

    private mutating func note(_ text: String, _ region: RegionID) {
        done.append(machine.parts.count == 1 ? text : "\(region) \(text)")
    }

    private func ack(
        _ epoch: Epoch, _ executor: Int, _ plan: Plan, _ region: RegionID
    ) -> EpochAck {
        func counts(_ node: (PlannedEdge) -> Int) -> [LaneCount] {
            plan.edges.indices.filter { plan.nodes[node(plan.edges[$0])].executor == executor }
                .flatMap { edge in
                    plan.lanes(ofEdge: edge).map {
                        LaneCount(
                            lane: LaneID(
                                edge: plan.name(ofEdge: edge), producer: UInt32($0.producer),
                                consumer: UInt32($0.consumer)), records: epoch)
                    }
                }
        }
        let tasks = plan.nodes.filter { $0.executor == executor }.flatMap { node in
            (0..<node.parallelism).map { TaskID(node: node.id, instance: UInt32($0)) }
        }
        var acks = tasks.map { TaskAck(task: $0, pieces: []) }
        acks[0].sent = counts(\.from)
        acks[0].received = counts(\.to)
        let part = machine.job?.parts.first { $0.region == region }
        let attempt = part?.decision?.attempt ?? 0
        return EpochAck(
            executor: UInt32(executor), attempt: attempt, epoch: epoch, base: 0, files: [],
            tasks: acks)
    }

    /// What has been done about savepoints.
    var news: [String] {
        done.filter { word in
            ["takes ", "copies ", "savepoint ", "has ", "waits", "MR"].contains {
                word.hasPrefix($0)
            }
        }
    }

    /// What the log says.
    var log: LogState {
        get throws {
            try DecisionLog.replay(
                snapshots: [], slots: slots.map { .init(number: $0.key, bytes: $0.value) }
            ).0
        }
    }

    var ending: String {
        switch machine.state {
        case .stopped(let cause): "stopped \(cause)"
        case .failed(let ending): "\(ending.failure.code) exit \(ending.exitCode)"
        case .running: "running"
        case .recovering: "recovering"
        case .starting, .draining, .closing, .failing: "under way"
        }
    }
}
