// SPDX-License-Identifier: Apache-2.0
// A job's folder, as `JobCoordinator` sees it: requests in, events out, on a thread of its own, in
// order. Files are created once and never changed.
//
//     lock                    held by the supervisor that may write here
//     log/<20 digits>         slots of the decision log
//     log/snap-<20 digits>    what the log says up to a slot
//     manifests/  state/      see `Manifest`, `SegmentFormat`
//     dlq/                    see `LetterFiles`, `ReplayFile`
//     journal/                see `JournalFormat`; written by executors
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem
import MillraceWire
import Synchronization

package enum StoreRequest: Hashable, Sendable {
    case readLog
    case createSlot(UInt64, Nonce, [UInt8])
    case lookForSnapshots
    case writeSnapshot(UInt64, [UInt8])
    case deleteLog(through: UInt64)
    case writeManifest(Manifest)
    case readManifest(String)
    /// These files of dead letters count from now on; others of attempts below never will, except
    /// those of attempts that are spared.
    case publishLetters([String], sweepsBelow: Attempt, sparing: [Attempt])
    /// A savepoint of the manifests at these names, one of each region, into a folder.
    case writeSavepoint([String], to: String)
    /// Delete what nobody needs any more, as the log stands. `referred`: see `SegmentCollection`.
    case collect(LogState, referred: [RegionID: Epoch], SegmentCollection.Options)
}

package final class JobStore: Sendable {
    package static let folders = [
        "log", "manifests", "state", LetterFiles.folder, LetterFiles.pending,
    ]
    static let snapshotPrefix = "snap-"

    let folder: StateFolder
    private let isKept: Bool
    private let lock: StateLock
    private let answer: @Sendable (JobCoordinator.Event) -> Void
    private let requests = Mailbox<StoreRequest>()
    private let copier = SavepointCopier()
    /// Files of dead letters that count and could not be moved yet: no record goes into the log
    /// before, so the newest claim names all of them.
    let late = Mutex<Set<String>>([])
    /// The slot that could not be written, and that was told.
    private let waiting = Mutex<UInt64?>(nil)

    /// Takes the folder at `path`, making it where it is not there. Throws MR6106 when another run
    /// has it, MR6002 when it cannot be used. `isKept`: another run may go on from it. `answer` is
    /// called on the store's thread.
    package init(
        _ path: String, owner: String, isKept: Bool = true,
        answer: @escaping @Sendable (JobCoordinator.Event) -> Void
    ) throws(Failure) {
        let taken: StateLock?
        do throws(SystemError) {
            folder = try StateFolder(path, folders: Self.folders, isDurable: isKept)
            taken = try StateLock.take("\(path)/lock", owner: owner)
            if taken != nil { for name in Self.folders { try folder.sweep(name) } }
        } catch {
            throw error.failure(
                .storeFailed, next: "name a directory on a local disk that you may write to")
        }
        guard let taken else {
            let other = (try? folder.read("lock", limit: 4_096)) ?? []
            throw Failure(
                .stateInUse,
                "the state directory \(path) is in use by "
                    + String(decoding: other, as: UTF8.self),
                next: "wait for it, stop it, or take another directory")
        }
        lock = taken
        self.isKept = isKept
        self.answer = answer
        do {
            // Lives as long as the process, as the lock does.
            _ = try PinnedThread(name: "store") { [self] in
                while true { serve(requests.take()) }
            }
        } catch {
            throw error.failure(.outOfMemory)
        }
    }

    package func request(_ request: StoreRequest) { requests.post(request) }

    /// Before the first request: the job begins with this. Throws MR6103 when it has begun before.
    func begin(from savepoint: Savepoint, plan: Plan) throws(Failure) {
        let lineage = Nonce(low: Entropy.number(), high: Entropy.number())
        try savepoint.begin(in: folder, plan: plan, lineage: lineage)
    }

    /// The run is over: a savepoint that is not complete is removed. Returns when nobody writes one
    /// any more.
    func endSavepoint() { copier.end() }
}

// MARK: - on the store's thread

extension JobStore {
    private func serve(_ request: StoreRequest) {
        switch request {
        case .readLog: answer(readLog())
        case .createSlot(let slot, let nonce, let bytes): answer(create(slot, nonce, bytes))
        case .lookForSnapshots: answer(newestSnapshot())
        case .writeSnapshot(let slot, let bytes): answer(writeSnapshot(slot, bytes))
        case .deleteLog(let slot): deleteLog(through: slot)
        case .writeManifest(let manifest): answer(write(manifest))
        case .readManifest(let name): answer(readManifest(name))
        case .publishLetters(let names, let attempt, let spared):
            publish(names) { $0 < attempt && !spared.contains($0) }
        case .writeSavepoint(let names, let path):
            copier.begin(names, of: folder, to: path, answer)
        case .collect(let log, let referred, let options): collect(log, referred, options)
        }
    }

    private func readLog() -> JobCoordinator.Event {
        do {
            let (snapshots, slots) = try Self.logFiles(of: folder)
            return .logRead(snapshots: snapshots, slots: slots)
        } catch {
            return .logUnreadable(error.failure(.storeFailed))
        }
    }

    private func create(_ slot: UInt64, _ nonce: Nonce, _ bytes: [UInt8]) -> JobCoordinator.Event {
        do {
            if isKept { try publishLate() }
            if try folder.create(Self.name(slot), bytes) {
                return .log(.created(slot: slot, nonce: nonce))
            }
            return .log(.exists(slot: slot, bytes: try folder.read(Self.name(slot))))
        } catch {
            let code = error.isOutOfSpace ? FailureCode.noSpaceLeft : .storeFailed
            // As with segments: see `isPlaceLost`.
            guard !isKept else {
                tellWaiting(slot, error.failure(code))
                return .log(.unknown(slot: slot, nonce: nonce))
            }
            return .logUnreadable(
                error.failure(
                    code, next: "make room there, or set TMPDIR to another folder"))
        }
    }

    /// The log tries again until it can; who waits for it shall know why.
    private func tellWaiting(_ slot: UInt64, _ failure: Failure) {
        let isTold = waiting.withLock { waiting in
            defer { waiting = slot }
            return waiting == slot
        }
        guard !isTold else { return }
        var failure = failure
        failure.text += "; the job waits until its log can be written again"
        answer(.putOff(failure))
    }

    private func newestSnapshot() -> JobCoordinator.Event {
        let names = (try? folder.names(in: "log")) ?? []
        return .log(.snapshotsSeen(newest: names.compactMap(Self.snapshotSlot).max()))
    }

    private func writeSnapshot(_ slot: UInt64, _ bytes: [UInt8]) -> JobCoordinator.Event {
        do {
            _ = try folder.create(Self.snapshotName(slot), bytes)
            return .log(.snapshotWritten(slot: slot))
        } catch {
            return .log(.snapshotFailed)
        }
    }

    /// Slots first: a snapshot without the slots before it is whole, slots without it are not.
    private func deleteLog(through slot: UInt64) {
        for name in (try? folder.names(in: "log")) ?? [] {
            if let number = UInt64(name), number <= slot { try? folder.remove("log/\(name)") }
        }
        for name in (try? folder.names(in: "log")) ?? [] {
            if let number = Self.snapshotSlot(name), number < slot {
                try? folder.remove("log/\(name)")
            }
        }
    }

    private func write(_ manifest: Manifest) -> JobCoordinator.Event {
        let bytes = ManifestCodec.encoded(manifest)
        do throws(SystemError) {
            guard try folder.create(manifest.name, bytes) else {
                throw SystemError("link", 17, object: manifest.name)
            }
            return .manifestWritten(manifest.epoch, ContentHash(of: bytes))
        } catch {
            return .manifestFailed(manifest.epoch, error.failure(.storeFailed))
        }
    }

    private func readManifest(_ name: String) -> JobCoordinator.Event {
        do {
            let bytes = try folder.read(name, limit: Limits.manifestBytesMax)
            return .manifestRead(name, try ManifestCodec.decoded(bytes), ContentHash(of: bytes))
        } catch let error as SystemError {
            return .manifestUnreadable(
                name,
                error.failure(
                    .stateDamaged,
                    next: "restore the file from a copy; nothing older was used instead"))
        } catch let failure as Failure {
            return .manifestUnreadable(name, failure)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
    }

    /// What cannot be moved is tried again with the next ones, and before the log's next record;
    /// until then its manifest stays.
    private func publish(_ names: [String], isOver: (Attempt) -> Bool) {
        late.withLock { $0.formUnion(names) }
        do {
            try publishLate()
            for name in try folder.names(in: LetterFiles.pending)
            where LetterFiles.attempt(of: name).map(isOver) ?? false {
                try folder.remove("\(LetterFiles.pending)/\(name)")
            }
            // What executors of earlier attempts were killed over. Names begin with the attempt.
            for place in ["state", LetterFiles.pending] {
                try folder.sweep(place) { name in
                    name.split(separator: "-").first.flatMap { Attempt($0) }.map(isOver) ?? false
                }
            }
        } catch {
            answer(.putOff(error.failure(.storeFailed)))
        }
    }

    private func publishLate() throws(SystemError) {
        for name in late.withLock({ $0 }).sorted() {
            try folder.move(name, to: LetterFiles.claimed(name))
            late.withLock { _ = $0.remove(name) }
        }
    }

    private static func digits(_ slot: UInt64) -> String {
        let text = String(slot)
        return String(repeating: "0", count: 20 - text.count) + text
    }

    private static func name(_ slot: UInt64) -> String { "log/\(digits(slot))" }

    static func snapshotName(_ slot: UInt64) -> String {
        "log/\(snapshotPrefix)\(digits(slot))"
    }

    static func snapshotSlot(_ name: String) -> UInt64? {
        guard name.hasPrefix(snapshotPrefix) else { return nil }
        return UInt64(name.dropFirst(snapshotPrefix.count))
    }
}
