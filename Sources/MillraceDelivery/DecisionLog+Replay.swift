// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension DecisionLog {
    /// What the files of a log say, and the slot of the snapshot that was begun with (L7).
    package static func replay(
        snapshots: [StoredFile], slots: [StoredFile]
    ) throws(Failure) -> (LogState, snapshot: UInt64) {
        var state = LogState()
        var damage: Failure?
        for file in snapshots.sorted(by: { $0.number > $1.number }) {
            do throws(Failure) {
                state = try LogSnapshot.decoded(file.bytes, slot: file.number)
                damage = nil
                break
            } catch {
                // The older one, and the slots that only the newer covers, say the same.
                damage = error
            }
        }
        let snapshot = state.slot
        let behind = slots.filter { $0.number > snapshot }.sorted { $0.number < $1.number }
        for file in behind {
            guard file.number == state.slot + 1 else {
                if let damage { throw damage }
                throw Failure(
                    .stateDamaged, "the log has slot \(file.number) and not \(state.slot + 1)",
                    next: "restore the missing file from a copy")
            }
            try state.apply(try DecisionRecord(file.bytes, slot: file.number))
        }
        if state.slot == 0, let damage { throw damage }
        return (state, snapshot)
    }
}
