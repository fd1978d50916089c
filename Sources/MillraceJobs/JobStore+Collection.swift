// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceSystem
import MillraceWire

// MARK: - what nobody needs any more, on the store's thread

extension JobStore {
    /// Whatever is in doubt stays: the next collection looks again.
    func collect(
        _ log: LogState, _ referred: [RegionID: Epoch], _ options: SegmentCollection.Options
    ) {
        guard late.withLock(\.isEmpty) else { return }
        do {
            var manifests: [SegmentCollection.Found] = []
            for name in try folder.names(in: "manifests").map({ "manifests/\($0)" }) {
                let bytes = try? folder.read(name, limit: Limits.manifestBytesMax)
                let manifest = bytes.flatMap { try? ManifestCodec.decoded($0) }
                manifests.append(.init(name: name, manifest: manifest))
            }
            let segments = try folder.names(in: "state").map { name in
                SegmentCollection.Segment(
                    name: "state/\(name)",
                    attempt: name.split(separator: "-").first.flatMap { UInt64($0) } ?? .max,
                    ageNanoseconds: (folder.ageSeconds(of: "state/\(name)") ?? 0) * 1_000_000_000)
            }
            for name in try SegmentCollection.deletable(
                manifests: manifests, segments: segments, log: log, referred: referred,
                options: options)
            {
                try folder.remove(name)
            }
            try collectJournals(manifests, log, referred, options)
        } catch {
            return
        }
    }

    private func collectJournals(
        _ manifests: [SegmentCollection.Found], _ log: LogState, _ referred: [RegionID: Epoch],
        _ options: SegmentCollection.Options
    ) throws(SystemError) {
        // A job without such a source has no folder.
        for node in (try? folder.names(in: JournalFormat.folder)) ?? [] {
            for split in try folder.names(in: "\(JournalFormat.folder)/\(node)") {
                let own = JournalFormat.folder(node: node, instance: split)
                let firsts = Set(try folder.names(in: own).compactMap(JournalFormat.first))
                for first in SegmentCollection.deletable(
                    ofJournal: node, split, firsts: Array(firsts), manifests: manifests, log: log,
                    referred: referred, options: options)
                {
                    let name = "\(own)/\(JournalFormat.name(first))"
                    try folder.remove(name + JournalFormat.bytesSuffix)
                    try folder.remove(name + JournalFormat.sumsSuffix)
                }
            }
        }
    }
}
