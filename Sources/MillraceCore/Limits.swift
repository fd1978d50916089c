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
    package static let recordBytesMax = 8 << 20
    package static let arenaBytesDefault: UInt64 = 256 << 20
    /// Two records of the largest size.
    package static let stagingBytes = 16 << 20
    /// Fixed for the life of a job.
    package static let keyGroups = 1_024
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
}
