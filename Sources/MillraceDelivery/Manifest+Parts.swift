// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Manifests are put together of what executors acknowledged, and for a savepoint of those of all
/// regions; a job that begins from one takes them apart again.
extension Manifest {
    /// Adds what an executor acknowledged; its pieces then count in the manifest's list of files.
    package mutating func add(_ ack: EpochAck) {
        let places = place(ack.files)
        for task in ack.tasks {
            add(task.pieces, at: places)
            if let journal = task.journal {
                journals.append(
                    Journal(
                        node: task.task.node, split: String(task.task.instance), sequence: journal))
            }
            for count in task.received {
                let time = task.times.first { $0.lane == count.lane }
                lanes.append(Lane(lane: count.lane, records: count.records, time: time))
            }
        }
    }

    /// Adds the state of another region of the same job. The epoch is then the higher one of both.
    package mutating func add(_ other: Manifest) {
        add(other.pieces, at: place(other.files))
        epoch = max(epoch, other.epoch)
        attempt = max(attempt, other.attempt)
        turn = max(turn, other.turn)
        wallNanoseconds = max(wallNanoseconds, other.wallNanoseconds)
        plugins += other.plugins.filter { !plugins.contains($0) }
        nodes += other.nodes
        lanes += other.lanes
        tokens += other.tokens
        journals += other.journals
    }

    /// The state of some nodes and of the lanes of some edges, as that of a region. It names all
    /// files: the regions share them.
    package func part(
        _ region: RegionID, nodes own: Set<String>, edges: Set<String>
    ) -> Manifest {
        var part = self
        part.region = region
        part.nodes = nodes.filter { own.contains($0.id) }
        part.pieces = pieces.filter { own.contains($0.task.node) }
        part.lanes = lanes.filter { edges.contains($0.lane.edge) }
        part.tokens = tokens.filter { own.contains($0.task.node) }
        part.journals = journals.filter { own.contains($0.node) }
        return part
    }

    /// Where these files are in the list, which has them from then on.
    private mutating func place(_ added: [FileEntry]) -> [UInt32] {
        added.map { file in
            let at = files.firstIndex { $0.name == file.name } ?? files.count
            if at == files.count { files.append(file) }
            return UInt32(at)
        }
    }

    private mutating func add(_ added: [Piece], at places: [UInt32]) {
        for piece in added {
            var placed = piece
            placed.file = places[Int(piece.file)]
            pieces.append(placed)
        }
    }
}
