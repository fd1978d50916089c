// SPDX-License-Identifier: Apache-2.0
// Which files of a job's folder nobody needs any more.
//
// There are no counts of references on disk: what is needed is read from the manifests, all of
// them, and only when every file has been classified is the first one deleted. A manifest that
// cannot be read stops the collection: it may name anything.
//
//     kept      the newest claim of each region, the last done epochs before it, those that an
//               epoch under way may still refer to, savepoints; every file that one of these
//               names; manifests of the running attempts whose epochs are not claimed yet
//     deleted   files first, then the manifests that named them, oldest first: so a collection
//               that is interrupted leaves a manifest that tells the next one what to look for
//     strays    files that no manifest names and that are of an attempt which is over go after an
//               hour: an upload that began before its executor died may still be under way
import MillraceCore

package enum SegmentCollection {
    /// A manifest in the folder; nil where it cannot be read.
    package struct Found: Sendable {
        package var name: String
        package var manifest: Manifest?

        package init(name: String, manifest: Manifest?) {
            self.name = name
            self.manifest = manifest
        }
    }

    /// A segment in the folder, by its name and its age.
    package struct Segment: Sendable {
        package var name: String
        package var attempt: Attempt
        package var ageNanoseconds: Int64

        package init(name: String, attempt: Attempt, ageNanoseconds: Int64) {
            self.name = name
            self.attempt = attempt
            self.ageNanoseconds = ageNanoseconds
        }
    }

    package struct Options: Hashable, Sendable {
        /// Claimed epochs kept for each region: one to use, one if that is damaged, one to look at.
        package var epochsRetained = 3
        package var strayNanoseconds: Int64 = 3_600_000_000_000

        package init() {}
    }

    /// What may be deleted, in this order. `referred` is the oldest epoch of each running region
    /// that an increment under way may build on: `CheckpointCoordinator.oldestReferred`. Throws
    /// while anything is in doubt.
    package static func deletable(
        manifests: [Found], segments: [Segment], log: LogState, referred: [RegionID: Epoch],
        options: Options = Options(), rules: ProtocolRules = ProtocolRules()
    ) throws(Failure) -> [String] {
        var readable: [Manifest] = []
        for found in manifests {
            guard let manifest = found.manifest else {
                throw Failure(
                    .stateDamaged, "\(found.name) cannot be read, so nothing is deleted",
                    next: "restore the file from a copy")
            }
            readable.append(manifest)
        }
        let kept = keptNames(readable, log: log, referred, options)
        let dropped = readable.filter { !kept.contains($0.name) }.sorted { $0.epoch < $1.epoch }
        var needed: Set<String> = []
        var named: Set<String> = []
        for manifest in readable {
            for file in manifest.files {
                named.insert(file.name)
                // Deleting while reading: what a later manifest shares with this one is not seen.
                if kept.contains(manifest.name), rules.keep(.classifyBeforeDelete) {
                    needed.insert(file.name)
                }
            }
        }
        var files = Set(dropped.flatMap { $0.files.map(\.name) }).subtracting(needed)
        let running = Set(log.regions.map(\.attempt))
        for segment in segments
        where !named.contains(segment.name) && segment.attempt < log.attempt
            && !running.contains(segment.attempt)
            && segment.ageNanoseconds >= options.strayNanoseconds
        {
            files.insert(segment.name)
        }
        let present = Set(segments.map(\.name))
        return files.intersection(present).sorted() + dropped.map(\.name)
    }

    /// Segments of one ingress journal that may be deleted, in order: all in front of the one that
    /// the oldest position of a kept checkpoint lies in. `firsts`: where its segments begin. None
    /// while anything is in doubt: `deletable` has to come first.
    package static func deletable(
        ofJournal node: String, _ split: String, firsts: [UInt64], manifests: [Found],
        log: LogState, referred: [RegionID: Epoch], options: Options = Options()
    ) -> [UInt64] {
        let kept = keptNames(manifests.compactMap(\.manifest), log: log, referred, options)
        let regions = log.regions.filter { $0.nodes.contains(node) }.map(\.region)
        let own = manifests.compactMap(\.manifest).filter {
            kept.contains($0.name) && regions.contains($0.region)
        }
        // A checkpoint without a position begins with the first byte; those of other regions have
        // nothing to say.
        let needed = own.map { manifest in
            manifest.journals.first { $0.node == node && $0.split == split }?.sequence ?? 0
        }.min()
        guard let needed else { return [] }
        let sorted = firsts.sorted()
        return zip(sorted, sorted.dropFirst()).filter { $0.1 <= needed }.map(\.0)
    }

    private static func keptNames(
        _ manifests: [Manifest], log: LogState, _ referred: [RegionID: Epoch], _ options: Options
    ) -> Set<String> {
        var kept = Set(log.savepoints.flatMap(\.manifests))
        let byName = Dictionary(manifests.map { ($0.name, $0) }) { first, _ in first }
        for region in log.regions {
            // The chain of parents is the claimed epochs, newest first.
            var next = region.claim?.manifest
            let oldest = referred[region.region] ?? .max
            var count = 0
            while let name = next, let manifest = byName[name],
                count < options.epochsRetained || manifest.epoch >= oldest
            {
                kept.insert(name)
                next = manifest.parent?.name
                count += 1
            }
        }
        for manifest in manifests {
            let region = log.region(manifest.region)
            let isAhead = manifest.epoch > region.claim?.epoch ?? 0
            if isAhead, manifest.attempt >= region.attempt { kept.insert(manifest.name) }
        }
        return kept
    }
}
