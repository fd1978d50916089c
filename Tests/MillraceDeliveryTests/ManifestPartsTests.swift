// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct ManifestPartsTests {
    /// One node with a piece in each of these files.
    private func manifest(
        _ node: String, region: RegionID, epoch: Epoch, files: [String]
    ) -> Manifest {
        var manifest = Manifest(
            job: "j", lineage: Nonce(low: 1, high: 2), attempt: epoch / 2, epoch: epoch, version: 1,
            turn: 1, region: region, parent: nil)
        manifest.nodes = [.init(id: node, parallelism: 1)]
        for (number, file) in files.enumerated() {
            manifest.files.append(
                FileEntry(name: file, length: 10, hash: ContentHash(of: Array(file.utf8))))
            manifest.pieces.append(
                Piece(
                    task: TaskID(node: node, instance: 0), kind: .state, file: UInt32(number),
                    offset: UInt64(number), length: 1, hash: ContentHash(low: 1, high: 1)))
        }
        manifest.lanes = [
            .init(lane: LaneID(edge: "\(node)>", producer: 0, consumer: 0), records: 1, time: nil)
        ]
        manifest.journals = [.init(node: node, split: "0", sequence: epoch)]
        return manifest
    }

    /// Where a node's pieces lie, by name.
    private func places(_ manifest: Manifest, of node: String) -> [String] {
        manifest.pieces.filter { $0.task.node == node }.map {
            "\(manifest.files[Int($0.file)].name) \($0.offset)"
        }
    }

    @Test func `what regions have is put together and taken apart again`() {
        let one = manifest("a", region: 1, epoch: 5, files: ["state/1", "state/shared"])
        let two = manifest("b", region: 2, epoch: 8, files: ["state/shared", "state/2"])
        var both = one
        both.add(two)
        #expect(both.files.map(\.name) == ["state/1", "state/shared", "state/2"])
        #expect((both.epoch, both.attempt, both.region) == (8, 4, 1))
        #expect(places(both, of: "a") == places(one, of: "a"))
        #expect(places(both, of: "b") == places(two, of: "b"))

        let part = both.part(7, nodes: ["b"], edges: ["b>"])
        #expect(part.name == "manifests/7-8-4.mrm")
        #expect(part.nodes == two.nodes && part.lanes == two.lanes)
        #expect(part.journals == two.journals)
        #expect(places(part, of: "b") == places(two, of: "b") && part.pieces.count == 2)
    }

    @Test func `an epoch of each region begins a job`() throws {
        let whole = manifest("a", region: 1, epoch: 5, files: [])
        let hash = ContentHash(low: 3, high: 4)
        let log = LogState(
            beginningFrom: [1, 2].map { (whole.part($0, nodes: ["a"], edges: []), hash) })
        #expect(log.regions.map(\.region) == [1, 2])
        #expect(log.regions.allSatisfy { $0.claim?.epoch == 5 && $0.undone == nil })
        #expect(try LogSnapshot.decoded(LogSnapshot.encoded(log), slot: 1) == log)
    }
}
