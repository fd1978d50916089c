// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct RegionsTests {
    /// Names of regions that a log has, and of a graph without edges.
    private func plans(_ known: [RegionID: String], _ nodes: String, _ edges: String = "") throws
        -> String
    {
        var log = LogState()
        for (region, members) in known.sorted(by: { $0.key < $1.key }) {
            var one = LogState.Region(region: region)
            one.nodes = members.map(String.init)
            one.claim = DecisionRecord.Claim(
                region: region, epoch: 1, attempt: 1, version: 1, manifest: "m",
                hash: ContentHash(low: 0, high: 0), needsCommit: false)
            log.regions.append(one)
        }
        let pairs = edges.split(separator: " ").map { (String($0.prefix(1)), String($0.suffix(1))) }
        return try Regions.plans(nodes: nodes.map(String.init), edges: pairs, log: log).map {
            "\($0.region)" + $0.nodes.joined()
        }.joined(separator: " ")
    }

    @Test func `a region keeps its number wherever its nodes are`() throws {
        #expect(try plans([:], "abcd", "ab cd") == "1ab 2cd")
        #expect(try plans([1: "ab", 2: "cd"], "dcba", "ab cd") == "2dc 1ba")
        #expect(try plans([1: "ab", 2: "cd"], "xabcdy", "ab cd xy") == "3xy 1ab 2cd")
        #expect(try plans([1: "ab", 4: "cd"], "axbcyd", "ab cd xb") == "1axb 4cd 5y")
        // Taken together before they came apart, and nodes that are gone.
        #expect(try plans([1: "abcd"], "abcd", "ab cd") == "1abcd")
        #expect(try plans([1: "abc"], "ab") == "1ab")
    }

    @Test func `what cannot be gone on from is refused`() {
        func code(_ known: [RegionID: String], _ nodes: String, _ edges: String) -> FailureCode? {
            do {
                _ = try plans(known, nodes, edges)
                return nil
            } catch {
                return (error as? Failure)?.code
            }
        }
        #expect(code([1: "ab", 2: "cd"], "abcd", "ab bc cd") == .regionsJoined)
        #expect(code([1: "ab", 2: "cd"], "abx", "ab") == .stateLost)
    }

    @Test func `there are no more regions than that`() throws {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
        let first = try plans([:], letters).split(separator: " ")
        #expect(first.count == Regions.most && first.last == "32FGHIJ")
        // Another pipeline before them takes nobody's number.
        var known: [RegionID: String] = [:]
        for (number, text) in first.enumerated() {
            known[RegionID(number + 1)] = text.filter(\.isLetter)
        }
        let second = try plans(known, "Z" + letters).split(separator: " ")
        #expect(second.count == Regions.most)
        #expect(second.filter { $0.contains("Z") } == ["32ZFGHIJ"])
    }
}
