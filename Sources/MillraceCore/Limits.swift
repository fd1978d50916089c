// SPDX-License-Identifier: Apache-2.0

/// Every limit of the engine, each with its reason. The C side pins its own copies with static
/// assertions in `layout.h`; `LimitsTests` compares the two.
package enum Limits {
    /// Records start on units; a unit number reaches 64 GiB.
    package static let unitBytes = 16
    package static let blockBytes = 65_536
    package static let recordHeaderBytes = 32
    /// The measured knee of the batch curve.
    package static let batchRecords = 256
    /// Four full batches; 4 KiB of index.
    package static let queueDefault = 1_024
    package static let queueMin = 8
    package static let queueMax = 65_536
    /// Blocks of an output port: 2 MiB.
    package static let quotaBlocksDefault = 32
    /// Room for one 8 MiB record.
    package static let quotaBlocksMax = 128
    /// One block being filled and one being read.
    package static let quotaBlocksMin = 2
    /// Of the shared words of a wire.
    package static let wireHeadBytes = 512
    package static let wireBytesMin = 1 << 18
    package static let recordBytesMax = 8 << 20
    package static let arenaBytesDefault: UInt64 = 256 << 20
    /// Two records of the largest size.
    package static let stagingBytes = 16 << 20
    /// Fixed for the life of a job.
    package static let keyGroups = 1_024
    /// Of a job; each has an executor at least.
    package static let regionsMax = 32
    /// Fields of one key; more say that one field was meant.
    package static let keyFieldsMax = 16
    /// At most one task per key group.
    package static let parallelismMax = 1_024
    package static let nodesMax = 10_000
    package static let topologyBytesMax = 1 << 20
    package static let topologyDepthMax = 32
    package static let metricCells = 64
    /// A barrier is never late by more than one slice.
    package static let sliceNanoseconds: Int64 = 5_000_000
    package static let watchdogSoftNanoseconds: Int64 = 1_000_000_000
    package static let watchdogHardNanoseconds: Int64 = 10_000_000_000
    /// Network time-outs are often 30 s.
    package static let watchdogHardBlockingNanoseconds: Int64 = 60_000_000_000
    package static let setupNanoseconds: Int64 = 30_000_000_000
    package static let probeNanoseconds: Int64 = 5_000_000_000
    package static let drainNanoseconds: Int64 = 30_000_000_000
    package static let pluginBytesMax = 1 << 30
    /// What one task may be limited to: more than an empty heap, less than any machine has.
    package static let taskMemoryMin: Int64 = 1 << 20
    package static let taskMemoryMax: Int64 = 16 << 40
    /// What the host takes in an executor whose memory is limited: threads, messages, checkpoints.
    package static let hostMemoryBytes: Int64 = 32 << 20
    /// What a sink needs to commit an epoch; it travels in control messages.
    package static let tokenBytesMax = 256 << 10
    /// Keyed state of one task, tables and indexes; beyond it writes are refused.
    package static let keyedBytesMax = 4 << 30
    /// What one call may have to take back.
    package static let keyedLogBytesMax = 64 << 20
    /// Timers of one task: each takes about 100 bytes and its key.
    package static let timersMax = 16 << 20
    /// Increments behind a full image: a restart reads them all.
    package static let keyedIncrementsMax = 8
    /// A manifest, and a record of the log.
    package static let manifestBytesMax = 64 << 20
    /// State that an operator keeps itself, of one task.
    package static let stateBytesMax = 1 << 30
    /// Dead letters of one node within a minute: more is a wrong schema, not bad data.
    package static let lettersPerMinuteDefault = 1_000
    /// Dead letters that an executor holds until the next checkpoint: eight of the largest records.
    package static let letterBytesMax = 64 << 20
    /// Taps of one job: each is a person who looks.
    package static let tapsMax = 8
    package static let tapPerSecondDefault = 10
    /// Nobody reads faster, and programs should read a sink.
    package static let tapPerSecondMax = 1_000
    /// Of a value that is shown: with a key of the largest size, both escaped, it fits one line of
    /// a run's socket.
    package static let tapValueBytes = 64 << 10
    /// Copies that wait for whoever looks, of one tap: what a pipe or a socket holds.
    package static let tapPendingBytes = 256 << 10
    /// A task looks at one record in so much of its time; a fiftieth cannot be measured.
    package static let tapTimeShare: Int64 = 50
    /// What a source's journal may hold that no checkpoint has made superfluous; then it takes no
    /// more. Checkpoints that fail for minutes are what fills it.
    package static let journalBytesMax: UInt64 = 10 << 30
}
