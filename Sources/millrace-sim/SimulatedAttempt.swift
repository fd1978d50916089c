// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery

/// One attempt of a region: its executors, their tasks and lanes, and the messages to and from
/// the supervisor, which arrive late and in order.
final class SimulatedAttempt {
    enum Command {
        case trigger(Epoch)
        case abort(Epoch)
        case complete(Epoch)
    }

    enum Report {
        case opened, restored
        case ack(EpochAck)
        case decline(Epoch, DeclineReason)
        case sourcesEnded
    }

    struct Executor {
        var commands: [Command] = []
        var reports: [Report] = []
        var images: [(epoch: Epoch, images: [Image])] = []
        /// Where the pieces of keys lie, by task, in each epoch that was uploaded.
        var uploaded: [(epoch: Epoch, pieces: [[Int: (file: FileEntry, offset: UInt64)]])] = []
        var tasks: [Int] = []
        var hasEnded = false
    }

    let decision: RecoveryDecision
    let scenario: Scenario
    private(set) var tasks: [SimulatedTask] = []
    private(set) var lanes: [SimulatedLane] = []
    var executors: [Executor]
    var isRunning = false
    var isHung = false
    var hasLied = false

    var region: RegionID { decision.region }
    var number: Attempt { decision.attempt }

    init(_ decision: RecoveryDecision, _ scenario: Scenario) {
        self.decision = decision
        self.scenario = scenario
        executors = Array(repeating: Executor(), count: scenario.executors)
        let width = scenario.parallelism
        for (node, kind) in zip(
            ["in", "count", "out"],
            [.source, .count, .sink]
                as [SimulatedTask.Kind])
        {
            for instance in 0..<width {
                let executor = instance % scenario.executors
                executors[executor].tasks.append(tasks.count)
                let id = TaskID(node: node, instance: UInt32(instance))
                tasks.append(SimulatedTask(id, kind, executor: executor))
            }
        }
        for (layer, edge) in ["in.count", "count.out"].enumerated() {
            for producer in 0..<width {
                for consumer in 0..<width {
                    let lane = SimulatedLane(
                        LaneID(
                            edge: edge, producer: UInt32(producer), consumer: UInt32(consumer)))
                    lanes.append(lane)
                    tasks[layer * width + producer].outputs.append(lane)
                    tasks[(layer + 1) * width + consumer].inputs.append(lane)
                }
            }
        }
        for task in tasks { task.wire() }
    }

    func assignment(turn: Turn) -> CheckpointCoordinator.Assignment {
        CheckpointCoordinator.Assignment(
            job: "sim", lineage: decision.lineage, turn: turn, attempt: number,
            version: decision.version, executors: executors.indices.map { UInt32($0) },
            tasks: tasks.map(\.id), sinks: tasks.filter { $0.kind == .sink }.map(\.id),
            lanes: lanes.map(\.id), restored: decision.restore)
    }

    /// Puts every task where the manifest says. False where a piece is not what was written.
    func restore(_ manifest: Manifest, _ store: SimulatedStore) -> Bool {
        for task in tasks { task.completeEpoch = manifest.epoch }
        for piece in manifest.pieces {
            guard let bytes = store.piece(piece, of: manifest),
                let task = tasks.first(where: { $0.id == piece.task })
            else { return false }
            if piece.kind == .position {
                task.position = bytes.number
            } else if let key = piece.keyGroup {
                task.counts[Int(key)] = bytes.number
                task.complete[Int(key)] = (manifest.files[Int(piece.file)], piece.offset)
            }
        }
        return true
    }

    /// One task does a little. True if its part of an epoch froze with it.
    func step(_ at: Int, _ world: World) {
        let task = tasks[at]
        if task.kind == .source {
            if let epoch = task.trigger {
                task.trigger = nil
                if epoch > task.passed { freeze(at, epoch, world) }
            } else if task.position < scenario.recordsPerSource, hasRoom(task) {
                let sequence = task.position
                task.position += 1
                // Keys of all sources meet at the same counters.
                let key = (sequence &* 3 &+ Int(task.id.instance)) & 3
                let record = Record(
                    source: Int(task.id.instance), sequence: sequence, key: key, count: 0)
                task.outputs[key % task.outputs.count].send(record)
            }
            return
        }
        let input = world.chance.below(task.inputs.count)
        guard task.isReadable(input), task.kind == .sink || hasRoom(task) else { return }
        switch task.inputs[input].take() {
        case .record(let record):
            if task.kind == .sink { return task.add(record) }
            task.outputs[record.sequence % task.outputs.count].send(task.count(record))
        case .barrier(let epoch):
            switch task.barrier(epoch, at: input) {
            case .waiting: break
            case .superseded(let old):
                executors[task.executor].reports.append(.decline(old, .superseded))
            case .aligned: freeze(at, epoch, world)
            }
        }
    }

    private func hasRoom(_ task: SimulatedTask) -> Bool {
        task.outputs.allSatisfy { $0.records < scenario.laneSlots }
    }

    private func freeze(_ at: Int, _ epoch: Epoch, _ world: World) {
        let task = tasks[at]
        let image = task.freeze(epoch, attempt: number, rules: world.rules) { records in
            guard !world.fault(scenario.prepareFails) else { return false }
            world.outside.prepare(region, task.id, number, epoch, records)
            return true
        }
        guard let image else {
            executors[task.executor].reports.append(.decline(epoch, .pluginError))
            return
        }
        var executor = executors[task.executor]
        let place = executor.images.firstIndex { $0.epoch == epoch } ?? executor.images.count
        if place == executor.images.count { executor.images.append((epoch, [])) }
        executor.images[place].images.append(image)
        executors[task.executor] = executor
        guard executor.images[place].images.count == executor.tasks.count else { return }
        upload(task.executor, epoch, executor.images.remove(at: place).images, world)
    }

    /// Writes the executor's file of the epoch; durable before it acknowledges.
    private func upload(_ at: Int, _ epoch: Epoch, _ images: [Image], _ world: World) {
        executors[at].images.removeAll { $0.epoch <= epoch }
        if world.fault(scenario.storeFails) || world.fault(scenario.declines) {
            executors[at].reports.append(.decline(epoch, .storage))
            return
        }
        let name = "state/\(number)-\(epoch)-\(region)-\(at).seg"
        var bytes: [UInt8] = []
        for image in images {
            for piece in image.pieces where piece.reference == nil { bytes += piece.bytes }
        }
        let own = FileEntry(
            name: name, length: UInt64(bytes.count), hash: ContentHash(of: bytes))
        var files = [own]
        var uploaded: [[Int: (file: FileEntry, offset: UInt64)]] = []
        var acks: [TaskAck] = []
        var offset: UInt64 = 0
        for image in images {
            var places: [Int: (file: FileEntry, offset: UInt64)] = [:]
            let pieces = image.pieces.map { saved in
                let place = saved.reference ?? (own, offset)
                if saved.reference == nil { offset += UInt64(saved.bytes.count) }
                let file = files.firstIndex { $0.name == place.file.name } ?? files.count
                if file == files.count { files.append(place.file) }
                if let key = saved.keyGroup { places[Int(key)] = place }
                return piece(saved, of: image.task, file, place.offset, world)
            }
            uploaded.append(places)
            acks.append(
                TaskAck(
                    task: image.task, pieces: pieces, tokens: image.tokens, sent: image.sent,
                    received: image.received))
        }
        world.store.write(file: name, bytes)
        let inOrder = executors[at].tasks.map { task in
            images.firstIndex { $0.task == tasks[task].id }.map { uploaded[$0] } ?? [:]
        }
        executors[at].uploaded.append((epoch, inOrder))
        let ack = EpochAck(
            executor: UInt32(at), attempt: number, epoch: epoch,
            base: images.map(\.base).min() ?? 0, files: files, tasks: acks)
        executors[at].reports.append(.ack(ack))
    }

    /// An increment's reference names the bytes that lie there, whatever the state is by now.
    private func piece(
        _ saved: SavedPiece, of task: TaskID, _ file: Int, _ offset: UInt64, _ world: World
    ) -> Piece {
        var bytes = saved.bytes[...]
        if let there = saved.reference, let old = world.store.files[there.file.name] {
            let start = Int(there.offset)
            if start + bytes.count <= old.count { bytes = old[start..<start + bytes.count] }
        }
        return Piece(
            task: task, kind: saved.kind, keyGroup: saved.keyGroup, file: UInt32(file),
            offset: offset, length: UInt64(bytes.count), hash: ContentHash(of: bytes))
    }

    /// The next command reaches an executor.
    func deliverCommand(_ at: Int) {
        guard !executors[at].commands.isEmpty else { return }
        switch executors[at].commands.removeFirst() {
        case .trigger(let epoch):
            for task in executors[at].tasks where tasks[task].kind == .source {
                tasks[task].trigger = epoch
            }
        case .abort(let epoch):
            executors[at].images.removeAll { $0.epoch == epoch }
            for task in executors[at].tasks { tasks[task].giveUp(epoch) }
        case .complete(let epoch):
            let known = executors[at].uploaded.first { $0.epoch == epoch }
            for (place, task) in executors[at].tasks.enumerated() {
                tasks[task].completed(epoch, pieces: known?.pieces[place] ?? [:])
            }
            executors[at].uploaded.removeAll { $0.epoch <= epoch }
        }
    }

    /// Tells once that the executor's sources have nothing more to give.
    func reportEnd(_ at: Int) {
        guard !executors[at].hasEnded else { return }
        let sources = executors[at].tasks.filter { tasks[$0].kind == .source }
        guard sources.allSatisfy({ tasks[$0].position == scenario.recordsPerSource }) else {
            return
        }
        executors[at].hasEnded = true
        executors[at].reports.append(.sourcesEnded)
    }
}
