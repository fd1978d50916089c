// SPDX-License-Identifier: Apache-2.0
// What the engine itself saves of a task, beside what its operator does: two pieces, little endian.
//
//     watermark   version u8, 4 · newest watermark its chain passed on i64 · its input is over u8
//                 · members of its chain, from itself on, that need not be stopped again u32 ·
//                 records taken u64 · the operator wants no more u8 · its dead letters u64 · of
//                 these taken out u64; the last two not in version 1 · its watermark holds nobody
//                 up u8, from version 4 on. Before version 3 input and members were those of the
//                 whole chain
//     position    of a source with splits: version u8, 1 · count u32 · {id blob, position blob}
import MillraceCore
import MillraceFlow
import MillraceHost

struct TaskPosition: Equatable, Sendable {
    /// As of a chain that begins with this member: with the next attempt it may.
    var chain: ChainHandle.Position
    var task: TaskHandle.Position
    /// What is said about the chain is that of this member.
    var isOwn = true

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.u8(4)
        writer.i64(chain.watermark)
        writer.bool(chain.hasEnded)
        writer.u32(UInt32(chain.stopped))
        writer.u64(task.taken)
        writer.bool(task.isDone)
        writer.u64(task.refused)
        writer.u64(task.quarantined)
        writer.bool(chain.isIdle)
        return writer.bytes
    }

    /// `place`: of the member in its chain.
    init(chain: ChainHandle.Position, place: Int = 0, task: TaskHandle.Position) {
        self.chain = chain
        self.chain.hasEnded = chain.hasEnded && chain.stopped >= place
        self.chain.stopped = max(0, chain.stopped - place)
        self.task = task
    }

    /// Of a chain of these members, one behind the other.
    static func chain(of members: [TaskPosition]) -> ChainHandle.Position? {
        guard var chain = members.first?.chain else { return nil }
        if members.allSatisfy(\.isOwn) {
            chain.stopped = members.prefix { $0.chain.stopped > 0 }.count
        }
        return chain
    }

    init(_ bytes: [UInt8]) throws(Failure) {
        var reader = ByteReader(bytes, of: "position of a task", code: .stateDamaged)
        let version = try reader.version(upTo: 4)
        isOwn = version > 2
        chain = ChainHandle.Position(
            watermark: try reader.i64(), hasEnded: try reader.bool(),
            stopped: Int(try reader.u32()))
        task = TaskHandle.Position(taken: try reader.u64(), isDone: try reader.bool())
        if version > 1 {
            task.refused = try reader.u64()
            task.quarantined = try reader.u64()
        }
        if version > 3 { chain.isIdle = try reader.bool() }
        try reader.end()
    }
}

enum SplitPositions {
    static func bytes(_ splits: [SplitPosition]) -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(1)
        writer.count(splits.count)
        for split in splits {
            writer.blob(split.id)
            writer.blob(split.position)
        }
        return writer.bytes
    }

    static func read(_ bytes: [UInt8]) throws(Failure) -> [SplitPosition] {
        var reader = ByteReader(bytes, of: "positions of a source", code: .stateDamaged)
        _ = try reader.version(upTo: 1)
        var splits: [SplitPosition] = []
        for _ in 0..<(try reader.count(bytesEach: 8)) {
            splits.append(SplitPosition(id: try reader.blob(), position: try reader.blob()))
        }
        try reader.end()
        return splits
    }
}

extension ByteReader {
    fileprivate mutating func version(upTo newest: UInt8) throws(Failure) -> UInt8 {
        let version = try u8()
        guard (1...newest).contains(version) else {
            throw failure("is of a version that this program cannot read")
        }
        return version
    }
}
