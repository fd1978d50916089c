// SPDX-License-Identifier: Apache-2.0
// Which pieces, in which files, are the keyed state of a task at an epoch: those of the last whole
// image and of the changes since, oldest first. An image is taken against the newest epoch that is
// complete when it is taken, so what it leaves out is in a claimed epoch.
import MillraceCore
import MillraceDelivery

struct Increments {
    private struct Part {
        var file: FileEntry
        var piece: Piece
    }

    /// By task and epoch; older ones than the newest complete one are nobody's base any more.
    private var parts: [TaskID: [Epoch: [Part]]] = [:]

    /// The pieces of an epoch that were written now, to `file`, and those of its base; files of
    /// these are added to `files`, whose entries the pieces name.
    mutating func add(
        _ task: TaskID, epoch: Epoch, base: Epoch?, pieces: [Piece], in file: FileEntry,
        to files: inout [FileEntry]
    ) -> [Piece] {
        let older = base.map { base -> [Part] in
            guard let found = parts[task]?[base] else {
                preconditionFailure("BUG: the base \(base) of an increment is not known")
            }
            return found
        }
        let all = (older ?? []) + pieces.map { Part(file: file, piece: $0) }
        parts[task, default: [:]][epoch] = all
        return all.map { part in
            var place = files.firstIndex { $0.name == part.file.name }
            if place == nil {
                files.append(part.file)
                place = files.count - 1
            }
            var piece = part.piece
            piece.file = UInt32(place ?? 0)
            return piece
        }
    }

    /// Enough increments lie behind the last whole image of the task.
    func isLong(_ task: TaskID) -> Bool {
        guard let newest = parts[task]?.max(by: { $0.key < $1.key })?.value else { return false }
        return Set(newest.map(\.file.name)).count > Limits.keyedIncrementsMax
    }

    /// Nothing will be taken against an older epoch any more, once the loops have heard of it.
    mutating func complete(_ epoch: Epoch) {
        for (task, epochs) in parts {
            let kept = epochs.keys.filter { $0 <= epoch }.max() ?? epoch
            // The one before may still be the base of an image under way.
            let before = epochs.keys.filter { $0 < kept }.max() ?? kept
            parts[task] = epochs.filter { $0.key >= before }
        }
    }
}
