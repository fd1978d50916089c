// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceFlow

/// Who a sink instance is for the outside: names of transactions are made of this and the epoch.
package struct SinkWriter: Hashable, Sendable {
    package var attempt: UInt64
    package var lineageHigh: UInt64
    package var lineageLow: UInt64
    package var job: String

    package init(attempt: UInt64, lineageHigh: UInt64, lineageLow: UInt64, job: String) {
        self.attempt = attempt
        self.lineageHigh = lineageHigh
        self.lineageLow = lineageLow
        self.job = job
    }
}

/// What a sink said about a transaction it was told to commit.
package enum CommitOutcome: Hashable, Sendable {
    case committed, already, retry, lost, refused

    /// True when the outside has it.
    package var isMade: Bool { self == .committed || self == .already }
}

extension OperatorInstance {
    /// True for a sink that makes its output visible in two phases.
    package var isTwoPhase: Bool { unsafe sink != nil }

    /// [setup] Becomes this writer; touches nothing that an earlier attempt left.
    package func openWriter(_ writer: SinkWriter, on loop: LoopHandle) throws(Failure) {
        guard let open = unsafe sink?.pointee.open else { return }
        // SAFETY(names): valid until destroy, and an instance lives until its process ends.
        let who = UnsafeMutablePointer<mr_sink_writer>.allocate(capacity: 1)
        unsafe who.initialize(
            to: mr_sink_writer(
                struct_size: UInt32(MemoryLayout<mr_sink_writer>.size),
                writer: UInt32(place.instance), attempt: writer.attempt,
                lineage_high: writer.lineageHigh, lineage_low: writer.lineageLow,
                cluster: Self.forever("local"), job: Self.forever(writer.job),
                node: Self.forever(place.node)))
        let status = stamped(.open, loop) { unsafe open(instance, who) }
        guard status == MR_OK else { throw failure("open", status) }
    }

    /// [setup] Aborts what writers of earlier attempts left open. False: not now, try again.
    package func fence(on loop: LoopHandle) throws(Failure) -> Bool {
        guard let fence = unsafe sink?.pointee.fence else { return true }
        let status = stamped(.fence, loop) { unsafe fence(instance) }
        if status == MR_E_TRANSIENT || status == MR_E_UNAVAILABLE { return false }
        guard status == MR_OK else { throw failure("fence", status) }
        return true
    }

    /// [bg] Makes visible what `writer` prepared for an epoch in `attempt`; repeatable.
    package func commit(
        _ token: [UInt8], writer: UInt32, epoch: UInt64, attempt: UInt64
    ) -> CommitOutcome {
        guard let commit = unsafe sink?.pointee.commit else { return .committed }
        // SAFETY(token): read by the call only.
        let result = unsafe token.withUnsafeBytes { bytes in
            var committable = unsafe mr_committable(
                struct_size: UInt32(MemoryLayout<mr_committable>.size),
                writer: writer, attempt: attempt, epoch: epoch,
                token: mr_str(
                    data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    size: UInt64(bytes.count)))
            return unsafe commit(instance, &committable)
        }
        switch result {
        case MR_COMMITTED: return .committed
        case MR_COMMIT_ALREADY: return .already
        case MR_COMMIT_RETRY: return .retry
        case MR_COMMIT_LOST: return .lost
        default: return .refused
        }
    }

    /// What the sink said last, for a commit that did not work: a code, if it gave one, and a line.
    package var said: String {
        let words = OperatorWords(task.errorText)
        return (words.code.map { "\($0) " } ?? "") + words.text
    }

    private static func forever(_ text: String) -> mr_str {
        unsafe mr_str(data: UnsafePointer(strdup(text)), size: UInt64(text.utf8.count))
    }
}
