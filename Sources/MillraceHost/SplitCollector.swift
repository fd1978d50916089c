// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore
import Synchronization

/// Where a source stands in one of its splits; both are the source's own bytes.
package struct SplitPosition: Hashable, Sendable {
    package var id: [UInt8]
    package var position: [UInt8]

    package init(id: [UInt8], position: [UInt8]) {
        self.id = id
        self.position = position
    }
}

/// Takes the splits that a source names, and shares them out.
///
/// SAFETY(Sendable): filled by one thread before others see it, and not changed afterwards.
@safe final class SplitCollector: @unchecked Sendable {
    private(set) var splits: [SplitPosition] = []

    /// A plugin that names more has lost count.
    private static let most = 1_000_000

    // SAFETY(impl, splits): the table points to `self`, which outlives the call; what a plugin
    // puts is copied at once.
    /// Gives `body` the collector's table; valid during the call only.
    @unsafe func withTable<Result>(
        _ body: (UnsafeMutablePointer<mr_splits>) -> Result
    ) -> Result {
        var table = unsafe mr_splits(
            struct_size: UInt32(MemoryLayout<mr_splits>.size), reserved0: 0,
            impl: Unmanaged.passUnretained(self).toOpaque(),
            put: { table, splits, count in
                guard let impl = unsafe table?.pointee.impl, let splits = unsafe splits else {
                    return MR_E_INVALID
                }
                let mine = unsafe Unmanaged<SplitCollector>.fromOpaque(impl).takeUnretainedValue()
                return unsafe mine.put(splits, Int(count))
            })
        return unsafe withUnsafeMutablePointer(to: &table) { unsafe body($0) }
    }

    @unsafe private func put(_ found: UnsafePointer<mr_split>, _ count: Int) -> mr_status {
        guard count <= Self.most - splits.count else { return MR_E_TOO_LARGE }
        for index in 0..<count {
            unsafe splits.append(
                SplitPosition(
                    id: Self.bytes(found[index].id), position: Self.bytes(found[index].position)))
        }
        return MR_OK
    }

    @unsafe private static func bytes(_ text: mr_str) -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: text.data, count: Int(text.size)))
    }

    /// Every `parallelism`-th split, in the order of their ids. One of `saved` begins where that
    /// says, also when it was not found any more: the source has to judge that.
    func share(of instance: Int, parallelism: Int, saved: [SplitPosition]) -> SplitCollector {
        let mine = SplitCollector()
        var all = Dictionary(splits.map { ($0.id, $0) }) { first, _ in first }
        for split in saved { all[split.id] = split }
        let sorted = all.values.sorted { $0.id.lexicographicallyPrecedes($1.id) }
        mine.splits = sorted.enumerated().filter { $0.offset % parallelism == instance }
            .map(\.element)
        return mine
    }

    /// Gives `body` the splits as the ABI wants them; valid during the call only.
    @unsafe func withSplits<Result>(
        _ body: (UnsafePointer<mr_split>?, Int) -> Result
    ) -> Result {
        let bytes = splits.flatMap { $0.id + $0.position }
        return unsafe bytes.withUnsafeBytes { raw in
            var at = 0
            let list = unsafe splits.map { split in
                let start = unsafe raw.baseAddress?.assumingMemoryBound(to: CChar.self)
                let id = unsafe mr_str(
                    data: start.map { unsafe $0 + at }, size: UInt64(split.id.count))
                at += split.id.count
                let position = unsafe mr_str(
                    data: start.map { unsafe $0 + at }, size: UInt64(split.position.count))
                at += split.position.count
                return unsafe mr_split(id: id, position: position)
            }
            return unsafe list.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
        }
    }
}

/// What the splits of a node are: found once, by whichever instance asks first, so that all of them
/// share out the same ones, whatever comes or goes meanwhile.
package final class SplitDiscovery: Sendable {
    private let found = Mutex<SplitCollector?>(nil)

    package init() {}

    /// The splits; `discover` is called unless they are known. What it throws is not remembered.
    func splits(
        _ discover: () throws(Failure) -> SplitCollector
    ) throws(Failure) -> SplitCollector {
        try found.withLock { (known) throws(Failure) in
            if let known { return known }
            let fresh = try discover()
            known = fresh
            return fresh
        }
    }
}
