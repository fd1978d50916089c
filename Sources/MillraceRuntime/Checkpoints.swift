// SPDX-License-Identifier: Apache-2.0
// An executor's part of the checkpoints of its region.
//
//     frozen      a chain hands over what it is at the barrier; the last one of the executor sends
//                 the epoch to the writer
//     writing     on a thread of its own: images, one segment file for all tasks, durable, then
//                 the acknowledgement
//     given up    what was handed over is dropped; what sinks prepared is held, and goes out with
//                 the next acknowledgement, because its records have been processed
//                 the same holds for dead letters, in the file that the acknowledgement names
//     complete    tokens up to that epoch are committed, and held no longer
//
// Keyed state is a whole image now and then, and changes of complete epochs between: what an epoch
// needs of earlier files is kept in `Increments`.
import MillraceCore
import MillraceDelivery
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

final class Checkpoints: Sendable {
    private struct State {
        var frozen: [Epoch: [ChainSnapshot]] = [:]
        var givenUp: Epoch = 0
        var held: [TaskID: [Token]] = [:]
        /// Dead letters that are in no file yet, with the epoch that they belong to.
        var letters: [(epoch: Epoch, line: [UInt8])] = []
        /// Files of dead letters that no complete epoch has named.
        var letterFiles: [(epoch: Epoch, file: FileEntry)] = []
        /// The newest epoch that is final.
        var complete: Epoch = 0
        var increments = Increments()
        /// Segments of epochs that are not final yet.
        var segments: [Epoch: String] = [:]
    }

    private struct Complete: Sendable {
        var epoch: Epoch
        var base: Epoch
        var chains: [ChainSnapshot]
        var tokens: [TaskID: [Token]]
        var letters: [(epoch: Epoch, line: [UInt8])]
    }

    private let identity: AttemptIdentity
    private let chainCount: Int
    private let folder: StateFolder
    private let lettersWritten: @Sendable (Int) -> Void
    private let report: @Sendable (ExecutorReport) -> Void
    private let members: [OperatorInstance]
    private let state = Mutex(State())
    private let work = Mailbox<Complete>()

    init(
        _ identity: AttemptIdentity, chains: [TaskletChain],
        lettersWritten: @escaping @Sendable (Int) -> Void,
        report: @escaping @Sendable (ExecutorReport) -> Void
    ) throws(Failure) {
        self.identity = identity
        chainCount = chains.count
        members = chains.flatMap(\.members).map(\.instance)
        folder = StateFolder(existing: identity.folder, isDurable: identity.isKept)
        self.lettersWritten = lettersWritten
        self.report = report
        do {
            // Lives as long as the process.
            _ = try PinnedThread(name: "checkpoints") { [self] in
                while true { write(work.take()) }
            }
        } catch {
            throw error.failure(.outOfMemory)
        }
    }

    /// On the chain's loop: everything of it before the barrier of `epoch`.
    func frozen(_ epoch: Epoch, _ snapshot: ChainSnapshot) {
        let complete = state.withLock { state -> Complete? in
            hold(snapshot.members, epoch, &state)
            state.letters += snapshot.letters.map { (epoch, $0) }
            guard epoch > state.givenUp else {
                drop([snapshot])
                return nil
            }
            state.frozen[epoch, default: []].append(snapshot)
            guard state.frozen[epoch]?.count == chainCount,
                let chains = state.frozen.removeValue(forKey: epoch)
            else { return nil }
            let letters = state.letters.filter { $0.epoch <= epoch }
            state.letters.removeAll { $0.epoch <= epoch }
            return Complete(
                epoch: epoch, base: state.complete, chains: chains, tokens: state.held,
                letters: letters)
        }
        if let complete { work.post(complete) }
    }

    /// On the chain's loop: should the keyed state of a task be written whole again?
    func wantsWhole(_ task: TaskID) -> Bool { state.withLock { $0.increments.isLong(task) } }

    /// On the chain's loop: it has no part of the epoch. What `tokensOf` prepared is held.
    func declined(
        _ epoch: Epoch, _ reason: DeclineReason, _ failure: Failure?,
        tokensOf members: [ChainSnapshot.Member]
    ) {
        state.withLock { hold(members, epoch, &$0) }
        giveUp(epoch)
        report(.declined(epoch, reason, failure))
    }

    /// Any thread: this epoch comes to nothing, and so did those before it that are not final. Its
    /// segment was never claimed and is nobody's base, so it goes: the disk may be what is full.
    func giveUp(_ epoch: Epoch) {
        let unused = state.withLock { state in
            let unused = state.segments.removeValue(forKey: epoch)
            state.givenUp = max(state.givenUp, epoch)
            for (late, chains) in state.frozen where late <= epoch {
                drop(chains)
                state.frozen[late] = nil
            }
            return unused
        }
        // What cannot be removed is collected after an hour.
        if let unused { try? folder.remove(unused) }
    }

    /// Any thread: the epoch is final, or what the attempt goes on from.
    func complete(_ epoch: Epoch) {
        state.withLock { state in
            state.complete = max(state.complete, epoch)
            state.increments.complete(epoch)
            state.segments = state.segments.filter { $0.key > epoch }
            state.held = state.held.mapValues { $0.filter { $0.epoch > epoch } }
            state.letterFiles.removeAll { $0.epoch <= epoch }
        }
        for member in members { member.keyedComplete(epoch) }
    }

    /// A sink that prepared something, if only nothing, says so until it is committed.
    private func hold(
        _ members: [ChainSnapshot.Member], _ epoch: Epoch, _ state: inout State
    ) {
        for member in members {
            guard let blob = member.operation.token else { continue }
            state.held[member.task, default: []].append(
                Token(task: member.task, attempt: identity.attempt, epoch: epoch, blob: blob))
        }
    }

    private func drop(_ chains: [ChainSnapshot]) {
        for chain in chains { for member in chain.members { member.operation.drop() } }
    }
}

// MARK: - the writer's thread

extension Checkpoints {
    private func write(_ complete: Complete) {
        let epoch = complete.epoch
        do throws(Failure) {
            let ack = try acknowledgement(complete)
            guard state.withLock({ epoch > $0.givenUp }) else { return }
            report(.acked(ack))
        } catch {
            let isPlugin = error.code == .operatorFailed
            declined(epoch, isPlugin ? .pluginError : .storage, error, tokensOf: [])
        }
    }

    private func acknowledgement(_ complete: Complete) throws(Failure) -> EpochAck {
        let letterFiles = try storeLetters(complete)
        var segment = SegmentBuilder()
        var tasks: [TaskAck] = []
        var keyed: [(task: Int, base: Epoch?, pieces: [Piece])] = []
        for chain in complete.chains {
            for (place, member) in chain.members.enumerated() {
                let isFirst = place == 0, isLast = place == chain.members.count - 1
                if let image = member.operation.keyed {
                    keyed.append((tasks.count, image.base, try segment.addKeyed(member)))
                }
                tasks.append(
                    TaskAck(
                        task: member.task, pieces: try segment.add(member),
                        journal: member.operation.journal,
                        tokens: member.operation.token == nil
                            ? nil : complete.tokens[member.task] ?? [],
                        sent: isLast ? chain.sent : [], received: isFirst ? chain.received : [],
                        times: isFirst ? chain.times : []))
            }
        }
        var files = [try store(segment, complete.epoch)]
        state.withLock { state in
            state.segments[complete.epoch] = files[0].name
            for one in keyed {
                tasks[one.task].pieces += state.increments.add(
                    tasks[one.task].task, epoch: complete.epoch, base: one.base,
                    pieces: one.pieces, in: files[0], to: &files)
            }
        }
        return EpochAck(
            executor: identity.executor, attempt: identity.attempt, epoch: complete.epoch,
            base: complete.base, files: files + letterFiles, tasks: tasks)
    }

    /// Every file whose letters belong to the epoch or to one that came to nothing. Letters that
    /// cannot be written wait for the next epoch.
    private func storeLetters(_ complete: Complete) throws(Failure) -> [FileEntry] {
        if !complete.letters.isEmpty {
            let name = LetterFiles.name(
                attempt: identity.attempt, epoch: complete.epoch, executor: identity.executor,
                chance: Entropy.number())
            let bytes = complete.letters.flatMap { $0.line + [UInt8(ascii: "\n")] }
            do throws(Failure) {
                let file = try create(name, bytes)
                state.withLock { $0.letterFiles.append((complete.epoch, file)) }
            } catch {
                state.withLock { $0.letters = complete.letters + $0.letters }
                throw error
            }
            lettersWritten(complete.letters.reduce(0) { $0 + $1.line.count })
        }
        return state.withLock { $0.letterFiles.map(\.file) }
    }

    private func store(_ segment: SegmentBuilder, _ epoch: Epoch) throws(Failure) -> FileEntry {
        let origin = SegmentFormat.Origin(
            job: identity.job, attempt: identity.attempt, epoch: epoch,
            executor: identity.executor)
        let bytes = SegmentFormat.encoded(
            origin, stream: segment.stream, pieces: segment.pieces,
            compress: Compression.compressed)
        // Attempt and epoch are never used twice; what is there is of a writer that gave it up.
        let name =
            "state/\(identity.attempt)-\(epoch)-\(identity.executor)"
            + "-\(String(Entropy.number(), radix: 16)).seg"
        return try create(name, bytes)
    }

    private func create(_ name: String, _ bytes: [UInt8]) throws(Failure) -> FileEntry {
        do {
            guard try folder.create(name, bytes) else {
                throw Failure(.storeFailed, "\(name) is there already")
            }
        } catch let error as Failure {
            throw error
        } catch let error as SystemError {
            throw error.failure(error.isOutOfSpace ? .noSpaceLeft : .storeFailed)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
        return FileEntry(name: name, length: UInt64(bytes.count), hash: ContentHash(of: bytes))
    }
}

/// Pieces one behind the other.
struct SegmentBuilder {
    private(set) var stream: [UInt8] = []
    private(set) var pieces: [Piece] = []

    /// The pieces of a task.
    mutating func add(_ member: ChainSnapshot.Member) throws(Failure) -> [Piece] {
        let first = pieces.count
        add(member, .watermark, nil, member.position.bytes)
        if let splits = member.operation.splits {
            add(member, .position, nil, SplitPositions.bytes(splits))
        }
        var state = member.operation.state
        if let image = member.operation.image { state = try image.write() }
        for piece in state { add(member, .state, piece.keyGroup, piece.bytes) }
        for piece in member.operation.timers { add(member, .timers, piece.keyGroup, piece.bytes) }
        return Array(pieces[first...])
    }

    /// The pieces of its keyed state; the image is not needed any more.
    mutating func addKeyed(_ member: ChainSnapshot.Member) throws(Failure) -> [Piece] {
        guard let image = member.operation.keyed else { return [] }
        defer { image.release() }
        let first = pieces.count
        for piece in try image.write() { add(member, .keyed, piece.keyGroup, piece.bytes) }
        return Array(pieces[first...])
    }

    private mutating func add(
        _ member: ChainSnapshot.Member, _ kind: Piece.Kind, _ group: Int?, _ bytes: [UInt8]
    ) {
        pieces.append(
            Piece(
                task: member.task, kind: kind, keyGroup: group.map { UInt16($0) },
                stateVersion: UInt32(member.stateVersion), file: 0, offset: UInt64(stream.count),
                length: UInt64(bytes.count), hash: ContentHash(of: bytes)))
        stream += bytes
    }
}
