// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

@testable import MillraceJobs

/// A run with checkpoints, played in memory: the store answers at once and keeps what it is given,
/// the executor does what it is told. What happens beside that is said by the story.
struct DurableStory {
    private static let crash = Failure(.crash, node: "score", "score#0 crashed")

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
    /// What the last collection kept for savepoints.
    private(set) var kept: [String] = []
    /// The log takes nothing any more, and does not say so: its disk is full for good.
    private var isStuck = false

    /// `after`: an earlier run in the same folder.
    init(after earlier: DurableStory? = nil, keepsState: Bool = true) {
        slots = earlier?.slots ?? [:]
        manifests = earlier?.manifests ?? [:]
        let plan = Sample.plan(hard: 10_000_000_000)
        machine = RunMachine(
            plan: plan, options: .init(keepsState: keepsState),
            job: JobCoordinator(
                plan: plan,
                options: .init(
                    plan: plan, folder: "/state", isKept: keepsState,
                    seed: UInt64(slots.count) + 7, wallOffset: 0)))
        carryOut(machine.begin())
        settle()
    }

    mutating func play(_ words: String) {
        for word in words.split(separator: " ") {
            switch word {
            case "crash": queue.append(.exited(clean: false, verdict: Self.crash))
            case "poison":
                queue.append(
                    .exited(
                        clean: false, verdict: Self.crash, stepped: ContentHash(low: 7, high: 8)))
            case "refused": queue.append(.report(.failed(Failure(.notJSON, "no JSON"))))
            case "many": queue.append(.report(.failed(Failure(.limitReached, "too many"))))
            case "killed":
                queue.append(
                    .exited(
                        clean: false, verdict: Failure(.executorExited, "killed: SIGKILL"),
                        origin: .outside))
            case "failed": queue.append(.report(.failed(Failure(.operatorFailed, "no"))))
            case "int": queue.append(.signal(2))
            case "drained": queue.append(.report(.drained))
            case "now": queue.append(.stopRequested(.init(now: true)))
            case "savepoint": queue.append(.stopRequested(.init(savepoint: "/sp")))
            case "full": queue.append(.stopRequested(.init(savepoint: "/full")))
            case "live": queue.append(.savepointRequested("/live"))
            case "live-full": queue.append(.savepointRequested("/full"))
            case "slow": isSlow.toggle()
            case "copied": if let answer = unanswered.popLast() { queue.append(answer) }
            case "late": isLate.toggle()
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
            default: preconditionFailure("BUG: no such word: \(word)")
            }
            settle()
        }
    }

    private mutating func wait(ticks: Int) {
        for _ in 0..<ticks {
            now += 100_000_000
            queue.append(.tick(.init(heartbeat: now)))
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
            case .start:
                done.append("executor")
                queue.append(.report(.hello(version: ControlChannel.version, release: "", pid: 1)))
            case .store(let request): store(request)
            case .send(let command): obey(command)
            case .kill:
                done.append("kill")
                queue.append(.channelEnded(nil))
                queue.append(.exited(clean: false, verdict: Self.crash))
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
            queue.append(.stored(.manifestRead(manifest, hash)))
        case .writeSavepoint(let name, let path):
            guard let manifest = manifests[name] else { return }
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

    private mutating func obey(_ command: ExecutorCommand) {
        switch command {
        case .load: queue.append(.report(.loaded))
        case .open(let identity):
            for node in identity?.steps ?? [] { done.append("steps of \(node)") }
            for record in identity?.quarantine ?? [] { done.append("without \(record.hash.low)") }
            queue.append(.report(.opened))
        case .endSteps(let node): done.append("no steps of \(node)")
        case .fence: queue.append(.report(.fenced(isDone: true)))
        case .restore(let point):
            done.append("from \(point?.epoch ?? 0)")
            queue.append(.report(.restored))
        case .start: queue.append(.report(.started(metrics: [])))
        case .trigger(let epoch, _):
            if let declines {
                queue.append(.report(.declined(epoch, declines, nil)))
                return
            }
            guard !isLate else { return }
            for executor in 0..<plan.executorCount {
                queue.append(.report(.acked(ack(epoch, executor))))
            }
        case .stop: queue.append(.exited(clean: true, verdict: Self.crash))
        case .close: queue.append(.report(.stopped))
        case .commit, .giveUp, .complete, .drain, .tap, .untap: break
        }
    }

    /// Of the attempt under way.
    private var plan: Plan { machine.job?.attemptPlan ?? machine.plan }

    private func ack(_ epoch: Epoch, _ executor: Int) -> EpochAck {
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
        return EpochAck(
            executor: UInt32(executor), attempt: machine.job?.decision?.attempt ?? 0, epoch: epoch,
            base: 0, files: [], tasks: acks)
    }

    /// What has been done about savepoints.
    var news: [String] {
        done.filter { word in
            ["takes ", "copies ", "savepoint ", "has ", "waits", "MR"].contains {
                word.hasPrefix($0)
            }
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
