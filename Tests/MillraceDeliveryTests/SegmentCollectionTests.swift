// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct SegmentCollectionTests {
    /// Manifests in a small notation, each with its parent and files: `3:2:ab` is epoch 3 behind
    /// epoch 2 with the files a and b.
    private func manifests(_ words: String, attempt: Attempt = 1) -> [SegmentCollection.Found] {
        words.split(separator: " ").map { word in
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            let epoch = Epoch(parts[0]) ?? 0
            let parent = Epoch(parts[1]).map {
                Manifest.Parent(name: "manifests/0-\($0)-1.mrm", hash: Sample.hash)
            }
            var manifest = Manifest(
                job: "j", lineage: Sample.nonce, attempt: attempt, epoch: epoch, version: 1,
                turn: 1, region: 0, parent: parent)
            manifest.files = parts[2].map {
                FileEntry(name: String($0), length: 1, hash: Sample.hash)
            }
            return .init(name: manifest.name, manifest: manifest)
        }
    }

    private func deleted(
        _ words: String, log: String, referred: Epoch? = nil, kept count: Int = 2,
        strays: String = "", age: Int64 = 0
    ) throws -> String {
        var options = SegmentCollection.Options()
        options.epochsRetained = count
        let segments = ("abcdef" + strays).map {
            SegmentCollection.Segment(name: String($0), attempt: 1, ageNanoseconds: age)
        }
        let log = try #require(folded(log))
        return try SegmentCollection.deletable(
            manifests: manifests(words), segments: segments, log: log,
            referred: referred.map { [0: $0] } ?? [:], options: options
        ).map { $0.hasPrefix("manifests/") ? String($0.dropFirst(12).dropLast(6)) : $0 }
            .joined(separator: " ")
    }

    @Test func `what no kept manifest names goes, files first, then manifests`() throws {
        let log = "lead1 gen1 claim1.1 done1 claim2.1 done2 claim3.1"
        #expect(try deleted("1::ab 2:1:bc 3:2:cd", log: log) == "a 1")
        #expect(try deleted("1::ab 2:1:bc 3:2:cd", log: log, kept: 1) == "a b 1 2")
        #expect(try deleted("1::ab 2:1:bc 3:2:cd", log: log, kept: 3) == "")
    }

    @Test func `what an increment under way may refer to stays`() throws {
        let log = "lead1 gen1 claim1.1 done1 claim2.1 done2 claim3.1"
        #expect(try deleted("1::ab 2:1:bc 3:2:cd", log: log, referred: 1, kept: 1) == "")
        #expect(try deleted("1::ab 2:1:bc 3:2:cd", log: log, referred: 2, kept: 1) == "a 1")
    }

    @Test func `an epoch that is not claimed yet is kept, one that was given up is not`() throws {
        let log = "lead1 gen1 claim2.1 done2"
        #expect(try deleted("1::a 2::b 3:2:c", log: log) == "a 1")
    }

    @Test func `a manifest that cannot be read stops everything`() throws {
        var found = manifests("1::a 2:1:b")
        found.append(.init(name: "manifests/0-3-1.mrm", manifest: nil))
        let log = try #require(folded("lead1 gen1 claim2.1"))
        #expect(throws: Failure.self) {
            try SegmentCollection.deletable(
                manifests: found, segments: [], log: log, referred: [:])
        }
    }

    @Test func `of a journal goes what lies before every checkpoint that is kept`() throws {
        var found = manifests("1::a 2:1:b 3:2:c")
        for (at, position) in [100, 250, 300].enumerated() {
            found[at].manifest?.journals = [
                .init(node: "in", split: "0", sequence: UInt64(position))
            ]
        }
        var log = try #require(folded("lead1 gen1 claim1.1 done1 claim2.1 done2 claim3.1"))
        log.regions[0].nodes = ["in"]
        // Another region has nothing to say about it.
        let other = Manifest(
            job: "j", lineage: Sample.nonce, attempt: 2, epoch: 4, version: 1, turn: 1, region: 1,
            parent: nil)
        found.append(.init(name: other.name, manifest: other))
        log.savepoints.append(.init(name: "", manifests: [other.name]))
        func deleted(_ node: String, kept: Int, _ firsts: [UInt64]) -> [UInt64] {
            var options = SegmentCollection.Options()
            options.epochsRetained = kept
            return SegmentCollection.deletable(
                ofJournal: node, "0", firsts: firsts, manifests: found, log: log, referred: [:],
                options: options)
        }
        #expect(deleted("in", kept: 2, [250, 0, 100, 300]) == [0, 100])
        #expect(deleted("in", kept: 2, [0, 100, 251]) == [0])
        #expect(deleted("in", kept: 3, [0, 100, 250, 300]) == [0])
        #expect(deleted("in", kept: 1, [0, 300]) == [0])
        // The last one grows; a checkpoint of the node that says nothing needs all.
        found[2].manifest?.journals = []
        #expect(deleted("in", kept: 1, [0, 300]) == [])
        #expect(deleted("in", kept: 1, [200]) == [])
        #expect(deleted("other", kept: 1, [0, 100]) == [])
    }

    @Test func `strays of older attempts go after an hour`() throws {
        let log = "lead1 gen1 claim1.1 done1 gen2"
        let hour: Int64 = 3_600_000_000_000
        #expect(try deleted("1::abcdef", log: log, strays: "x", age: hour - 1) == "")
        #expect(try deleted("1::abcdef", log: log, strays: "x", age: hour) == "x")
        let young = "lead1 gen1 claim1.1 done1"
        #expect(try deleted("1::abcdef", log: young, strays: "x", age: hour) == "")
    }
}
