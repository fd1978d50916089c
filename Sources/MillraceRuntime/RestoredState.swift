// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire

/// What tasks go on from, read from the files of a checkpoint and found whole.
struct RestoredState: Sendable {
    struct Task: Sendable {
        var position: TaskPosition?
        var pieces: [StatePiece] = []
        /// Of the host's tables for it: whole, then changes in order.
        var keyed: [StatePiece] = []
        var timers: [StatePiece] = []
        var stateVersion = 1
        /// How far its journal belonged to the checkpoint.
        var journal: UInt64?
    }

    let epoch: Epoch
    private var tasks: [TaskID: Task] = [:]
    /// Where sources stood, by node: whichever instance reads a split goes on there.
    private var splits: [String: [SplitPosition]] = [:]
    private var lanes: [LaneID: Manifest.Lane] = [:]
    /// Nodes behind one that the checkpoint does not know: more comes, whatever it says.
    private var reopened: Set<String> = []

    init(_ point: RestorePoint, folder: StateFolder, plan: Plan) throws(Failure) {
        let parallelism = Dictionary(
            plan.nodes.map { ($0.id, $0.parallelism) }, uniquingKeysWith: max)
        epoch = point.epoch
        for lane in point.lanes { lanes[lane.lane] = lane }
        for journal in point.journals {
            let task = TaskID(node: journal.node, instance: UInt32(journal.split) ?? 0)
            tasks[task, default: Task()].journal = journal.sequence
        }
        var streams: [[UInt8]] = []
        for file in point.files {
            // Dead letters are history; pieces count in the whole list.
            streams.append(LetterFiles.isOne(file.name) ? [] : try Self.stream(file, folder))
        }
        for piece in point.pieces {
            guard Int(piece.file) < streams.count else { throw Self.damaged(piece) }
            let stream = streams[Int(piece.file)]
            guard piece.offset + piece.length <= UInt64(stream.count) else {
                throw Self.damaged(piece)
            }
            let bytes = Array(stream[Int(piece.offset)..<Int(piece.offset + piece.length)])
            guard ContentHash(of: bytes) == piece.hash else { throw Self.damaged(piece) }
            try add(piece, bytes, parallelism[piece.task.node] ?? 1)
        }
        reopen(plan)
    }

    /// In topological order, as the nodes of a plan are.
    private mutating func reopen(_ plan: Plan) {
        let known = Set(tasks.filter { $0.value.position != nil }.map(\.key.node))
        for (place, node) in plan.nodes.enumerated() {
            let sources = plan.edges.filter { $0.to == place }.map { plan.nodes[$0.from].id }
            if sources.contains(where: { !known.contains($0) || reopened.contains($0) }) {
                reopened.insert(node.id)
            }
        }
        for id in tasks.keys where reopened.contains(id.node) {
            tasks[id]?.position?.chain.hasEnded = false
            tasks[id]?.position?.chain.stopped = 0
        }
    }

    func isReopened(_ node: String) -> Bool { reopened.contains(node) }
    func task(_ id: TaskID) -> Task { tasks[id] ?? Task() }
    func splits(of node: String) -> [SplitPosition] { splits[node] ?? [] }
    func lane(_ id: LaneID) -> Manifest.Lane? { lanes[id] }

    private mutating func add(
        _ piece: Piece, _ bytes: [UInt8], _ parallelism: Int
    ) throws(Failure) {
        switch piece.kind {
        case .watermark: tasks[piece.task, default: Task()].position = try TaskPosition(bytes)
        case .position: splits[piece.task.node, default: []] += try SplitPositions.read(bytes)
        case .state, .keyed, .timers:
            var owner = piece.task
            if let group = piece.keyGroup {
                owner.instance = UInt32(Int(group) * parallelism / Limits.keyGroups)
            }
            let saved = StatePiece(keyGroup: piece.keyGroup.map { Int($0) }, bytes: bytes)
            if piece.kind == .timers {
                tasks[owner, default: Task()].timers.append(saved)
                return
            }
            guard piece.kind == .state else {
                tasks[owner, default: Task()].keyed.append(saved)
                return
            }
            tasks[owner, default: Task()].pieces.append(saved)
            tasks[owner]?.stateVersion = Int(piece.stateVersion)
        case .heldToken: break
        }
    }

    private static func stream(
        _ file: FileEntry, _ folder: StateFolder
    ) throws(Failure) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try folder.read(file.name, limit: Int(clamping: file.length))
        } catch {
            throw error.failure(.stateDamaged, next: "restore \(file.name) from a copy")
        }
        return try SegmentFormat.stream(of: bytes, as: file) {
            Compression.expanded($0, size: $1)
        }
    }

    private static func damaged(_ piece: Piece) -> Failure {
        Failure(
            .stateDamaged,
            "the saved state of \(piece.task.node)#\(piece.task.instance) is not where its "
                + "manifest says", next: "restore the files of the checkpoint from a copy")
    }
}
