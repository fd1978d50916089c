// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire
import Testing

@testable import MillraceJobs

/// A run with checkpoints, played in memory: the store answers at once and keeps what it is given,
/// the executor does what it is told. What happens beside that is said by the story.
private struct DurableStory {
    private static let crash = Failure(.crash, node: "score", "score#0 crashed")

    private(set) var machine: RunMachine
    private(set) var done: [String] = []
    private var now: Int64 = 1_000
    private var slots: [UInt64: [UInt8]]
    private var manifests: [String: Manifest]
    private var queue: [RunMachine.Event] = []
    /// The executor cannot write its part of an epoch.
    private var declines = false
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
            case "declines": declines.toggle()
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
            done.append("savepoint of \(manifests[name]?.epoch ?? 0)")
            let isFull = path == "/full"
            queue.append(
                .stored(
                    isFull
                        ? .savepointFailed(Failure(.storeFailed, "no room")) : .savepointWritten))
        case .writeSnapshot, .deleteLog, .publishLetters, .collect: break
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
            guard !declines else {
                queue.append(.report(.declined(epoch, .storage, nil)))
                return
            }
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

struct DurableRunTests {
    @Test func `a crash goes on from the newest claimed epoch`() {
        var story = DurableStory()
        #expect(story.ending == "running")
        story.play("1s 1s crash 1s")
        #expect(story.done == ["executor", "from 0", "executor", "from 3"])
        #expect(story.ending == "running")
    }

    @Test func `who is told to end while nothing can be written ends in time`() {
        for words in [
            "1s stuck crash int 1s", "1s stuck int crash 1s", "1s stuck crash savepoint 1s",
        ] {
            var story = DurableStory()
            story.play(words)
            #expect(story.ending == "recovering", "\(words)")
            story.play("40s")
            #expect(story.ending == "\(FailureCode.notDrained) exit 75", "\(words)")
        }
    }

    @Test func `the end of the data is the end of the job, also for the next run`() {
        var story = DurableStory()
        story.play("1s drained")
        #expect(story.ending == "stopped sourcesEnded")
        let next = DurableStory(after: story)
        #expect(next.ending == "stopped sourcesEnded")
        #expect(next.done == [])
    }

    @Test func `a signal keeps the state, and the next run goes on from it`() {
        var story = DurableStory()
        story.play("1s int")
        #expect(story.ending == "stopped interrupted")
        let next = DurableStory(after: story)
        #expect(next.done == ["executor", "from 3"])
        #expect(next.ending == "running")
    }

    @Test func `epochs that fail one after the other cost an attempt, not the run`() {
        var story = DurableStory()
        story.play("1s declines 1s 1s 1s 1s 1s 1s")
        #expect(story.done == ["executor", "from 0", "kill", "executor", "from 2"])
        story.play("declines 40s")
        #expect(story.ending == "running")
    }

    @Test func `what an operator reports is got over as a crash is`() {
        var story = DurableStory()
        story.play("1s failed 1s")
        #expect(story.done == ["executor", "from 0", "kill", "executor", "from 2"])
        #expect(story.ending == "running")
    }

    @Test func `a job that crashes again and again is given up, with the last cause`() {
        var story = DurableStory()
        for _ in 0..<60 where story.ending == "running" { story.play("1s crash 1s") }
        #expect(story.ending == "MR4105 exit 1")
        guard case .failed(let ending) = story.machine.state else { return }
        #expect(ending.failure.text.contains("score#0 crashed"), "\(ending.failure.text)")
    }

    @Test func `the record that an operator had in three crashes is taken out from then on`() {
        var story = DurableStory()
        story.play("1s crash crash poison")
        #expect(
            story.done == [
                "executor", "from 0", "executor", "from 2", "executor", "steps of score", "from 3",
                "executor", "without 7", "from 4",
            ])
        // Its crashes are forgiven: five others are not one too many.
        for _ in 0..<5 { story.play("crash 1s") }
        #expect(story.ending == "running")
        // The next life of the command knows it too.
        #expect(DurableStory(after: story).done.prefix(2) == ["executor", "without 7"])
    }

    @Test func `steps end when the crash does not come again`() {
        var story = DurableStory()
        story.play("1s crash crash 40s")
        #expect(story.done.suffix(3) == ["steps of score", "from 3", "no steps of score"])
    }

    @Test(arguments: [("refused", "MR4001 exit 1"), ("many", "MR4401 exit 1")])
    func `what the same records would cause again ends the run and keeps its state`(
        word: String, ending: String
    ) {
        var story = DurableStory()
        story.play("1s \(word) 40s")
        #expect(story.done.prefix(2) == ["executor", "from 0"])
        #expect(!story.done.dropFirst().contains("executor") && story.ending == ending)
        #expect(DurableStory(after: story).done == ["executor", "from 2"])
    }

    @Test func `kills from outside spend nothing`() {
        var story = DurableStory()
        for _ in 0..<60 { story.play("killed 1s") }
        #expect(story.ending == "running")
    }

    @Test func `a run that is not kept gets over crashes and kills`() {
        var story = DurableStory(keepsState: false)
        story.play("1s crash 1s 1s killed 1s drained")
        #expect(story.done == ["executor", "from 0", "executor", "from 2", "executor", "from 5"])
        #expect(story.ending == "stopped sourcesEnded")
    }

    @Test(arguments: ["crash", "killed"])
    func `a run that is not kept ends with what happened once restarts do not help`(
        word: String
    ) {
        var story = DurableStory(keepsState: false)
        for _ in 0..<10 where story.ending == "running" { story.play("1s \(word) 1s") }
        #expect(story.done.filter { $0 == "executor" }.count == 6)
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == (word == "crash" ? .crash : .executorExited))
        #expect(ending.exitCode == 1)
        #expect(ending.failure.text.hasSuffix("going back to the last checkpoint did not help"))
    }

    @Test func `attempts that get to no checkpoint end a run that is not kept, however slow`() {
        var story = DurableStory(keepsState: false)
        story.play("1s declines")
        for _ in 0..<10 where story.ending != "MR4101 exit 1" { story.play("40s crash") }
        #expect(story.ending == "MR4101 exit 1")
    }

    @Test func `a sink that cannot commit ends a run that is not kept after some tries`() {
        for keepsState in [true, false] {
            var story = DurableStory(keepsState: keepsState)
            for _ in 0..<5 { story.play("full-sink") }
            #expect(story.ending == "running")
            story.play("full-sink")
            #expect(story.ending == (keepsState ? "running" : "MR5307 exit 74"))
        }
    }

    @Test func `what an operator reports ends a run that is not kept at once`() {
        var story = DurableStory(keepsState: false)
        story.play("1s failed 1s")
        #expect(story.done == ["executor", "from 0"])
        #expect(story.ending == "MR4106 exit 1")
    }

    @Test(arguments: [true, false])
    func `a savepoint is of the last epoch, and keeps the state`(_ keepsState: Bool) {
        var story = DurableStory(keepsState: keepsState)
        story.play("1s savepoint")
        #expect(story.done == ["executor", "from 0", "savepoint of 3"])
        #expect(story.machine.state == .stopped(.asked))
        var next = DurableStory(after: story)
        next.play("1s int")
        #expect(next.done == ["executor", "from 3"])
    }

    @Test func `a savepoint that cannot be written fails the run, not its state`() {
        var story = DurableStory()
        story.play("1s full")
        #expect(story.done == ["executor", "from 0", "savepoint of 3", "kill"])
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == .storeFailed && ending.exitCode == 74)
        #expect(DurableStory(after: story).done == ["executor", "from 3"])
    }

    @Test func `to end now is to be killed, and the next run goes on from the last checkpoint`() {
        var story = DurableStory()
        story.play("1s now")
        #expect(story.done == ["executor", "from 0", "kill"])
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == .notDrained && ending.exitCode == 75)
        #expect(DurableStory(after: story).done == ["executor", "from 2"])
    }
}
