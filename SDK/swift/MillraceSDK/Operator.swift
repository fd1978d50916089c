// SPDX-License-Identifier: Apache-2.0
// What an operator author writes: a final class that conforms to one of the kinds below.
//
// Calls of one instance never overlap and each sees what the one before it did, but the thread
// may change from call to call. Functions marked *background* are the exception: they may run
// while others do.
import CMillrace

/// What every operator has. Conform to `Transform`, `Source`, `Sink` or `Partitioner`.
public protocol Operator: AnyObject {
    /// What the host, the checker and the documentation know about it.
    static var info: OperatorInfo { get }
    /// Makes an instance. `setup` holds the parameters, which are readable only here.
    init(_ setup: borrowing Setup) throws
    /// Called once, before the first record. May open files and connections.
    func start(_ facts: borrowing Start) throws
}

extension Operator {
    public func start(_ facts: borrowing Start) throws {}
}

/// Takes records in, gives records out.
public protocol Transform: Operator {
    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow
    /// The input has ended; what is still held may be written. Called again while it answers
    /// `.again`.
    func stop(_ out: borrowing Outputs) throws -> Stop
}

extension Transform {
    public func stop(_ out: borrowing Outputs) throws -> Stop { .finished }
}

/// Takes records out of the topology.
public protocol Sink: Operator {
    func process(_ batch: borrowing Batch) throws -> Flow
    /// The input has ended: flush.
    func stop() throws
}

extension Sink {
    public func stop() throws {}
}

/// Brings records into the topology.
public protocol Source: Operator {
    /// Whether and how what was read can be read again.
    static var rereading: Rereading { get }
    /// Writes up to `poll.credit` records that are ready now; never waits. With nothing ready it
    /// answers `.nothing` and calls `Host.wake` later.
    func poll(_ poll: inout Poll, _ out: borrowing Outputs) throws -> Polled
    func stop(_ out: borrowing Outputs) throws -> Stop
    /// Everything up to the positions saved in `epoch` is durable downstream. *Background.*
    func acknowledge(epoch: UInt64) throws
}

extension Source {
    public static var rereading: Rereading { .never }
    public func stop(_ out: borrowing Outputs) throws -> Stop { .finished }
    public func acknowledge(epoch: UInt64) throws {}
}

/// A source that reads several parts (files, partitions), which the host hands out to instances.
public protocol SplitSource: Source {
    /// Names every split that exists now. Instance 0 only. *Background.*
    func discover(_ found: borrowing SplitCollector) throws
    /// The complete set to read from now on. One that was read before keeps its place. A position
    /// that no longer exists is an error with `.state`, never a restart from the beginning.
    func assign(_ splits: [Split]) throws
    /// The position of every assigned split, for the checkpoint.
    func positions(epoch: UInt64, into collector: borrowing SplitCollector) throws
    /// Stop polling this split, or go on: it runs ahead of the others.
    func pause(split: Int, _ isPaused: Bool) throws
}

extension SplitSource {
    public func pause(split: Int, _ isPaused: Bool) throws {}
}

/// A source whose splits can be entered at a time, and whose records are nearly in order of time.
public protocol TimedSource: SplitSource {
    /// How many nanoseconds a record may be older than one before it.
    static var disorderMax: Int64 { get }
    /// Adds the split with the position of its first record at or after `time`, which is in
    /// nanoseconds since 1970. *Background.*
    func seek(_ split: Split, to time: Int64, _ found: borrowing SplitCollector) throws
}

/// Chooses the task that each record goes to.
public protocol Partitioner: Operator {
    /// Sets one target below `count` for each record, or `Target.all` or `Target.none`, which
    /// all of them are when this is called.
    func route(_ batch: borrowing Batch, count: Int, _ targets: inout MutableSpan<UInt32>) throws
}

/// A partitioner that spares tasks that are behind.
public protocol BalancingPartitioner: Partitioner {
    /// How full the lane to each target is, 0 to 255. Called before `route`.
    func load(_ levels: Span<UInt8>)
}

/// Special targets of a partitioner.
public enum Target {
    public static let all: UInt32 = 0xFFFF_FFFF
    public static let none: UInt32 = 0xFFFF_FFFE
}

/// An operator that keeps state of its own and can save and restore it. Any kind may conform.
public protocol Stateful: Operator {
    /// Version of what `save` writes; 1 or more.
    static var stateVersion: Int { get }
    /// Writes everything, between two other calls.
    func save(epoch: UInt64, to writer: borrowing StateWriter) throws
    /// Merges one saved piece into what is there. Called before `start`, zero or more times.
    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws
    /// Can this version read what that version of the state wrote?
    static func canRestore(version: Int) -> Bool
}

extension Stateful {
    public static func canRestore(version: Int) -> Bool { version == stateVersion }
}

/// What became of a batch.
@frozen public enum Flow {
    /// All records are done.
    case ok
    /// The output is full. The first `consumed` records are done, the others come again.
    case again(consumed: Int)
    /// The same, only to let other tasks run.
    case yield(consumed: Int)
    /// No further batch is wanted.
    case done
    /// This record is unusable, for the reason given. Those before it are done, it goes to the
    /// dead letters, and the rest comes again.
    case bad(record: Int, String)
}

/// What became of a poll.
@frozen public enum Polled {
    /// Wrote some; call again.
    case more
    /// Nothing is ready, or the output is full; `Host.wake` says when that changes.
    case nothing
    /// Wrote some; let others run first.
    case yield
    /// The source is exhausted.
    case done
}

/// What became of a stop.
@frozen public enum Stop {
    case finished
    /// The output is full: call again.
    case again
}

/// One poll of a source.
public struct Poll {
    /// Records that may be written at most.
    public let credit: Int
    /// Which split all records of this poll come from: its position in the last assignment.
    public var split: Int
    /// May be raised: no record with an earlier event time follows from this split.
    /// `Int64.min` leaves it to the host.
    public var watermark: Int64
}

/// One part of what a source reads.
public struct Split: Equatable, Sendable {
    /// Unique and stable within the node.
    public var id: String
    /// Where to go on, in the source's own words; empty: the configured start.
    public var position: [UInt8]

    public init(id: String, position: [UInt8] = []) {
        self.id = id
        self.position = position
    }
}

/// How a source is read again after a failure.
public enum Rereading: Sendable {
    /// Not at all: the host keeps a journal of what came in.
    case never
    /// From a saved position, with the same bytes.
    case fromPosition
    /// From a time; the host drops what it had before. For a `TimedSource`.
    case fromTime
    /// What was not acknowledged comes again.
    case untilAcknowledged
}
