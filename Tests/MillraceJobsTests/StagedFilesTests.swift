// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceGraph
import Testing

@testable import MillraceJobs

struct StagedFilesTests {
    private func folders(_ operation: String, _ config: [(String, JSON)], secrets: [String] = [])
        -> [String]
    {
        let node = PlannedNode(
            id: "out",
            operation: OperatorDescription(
                id: "out", version: "1.0.0", kind: .sink, extensions: [operation]),
            plugin: PluginReference(name: "p", version: "1", sha256: "", path: "", copy: ""),
            config: .object(config.map { JSON.Member($0.0, $0.1) }), secrets: secrets)
        let plan = Plan(job: "run-0001", name: "t", nodes: [node], edges: [], threads: 1)
        return StagedFiles.folders(of: plan, workingFolder: "/home/me")
    }

    @Test func `a sink hides files in the last folder of its path that no time decides`() {
        let sink = "millrace.sink/1"
        #expect(folders(sink, [("path", .string("out.txt"))]) == ["/home/me"])
        #expect(folders(sink, [("path", .string("/out.txt"))]) == ["/"])
        #expect(folders(sink, [("path", .string("a/b/out.txt"))]) == ["/home/me/a/b"])
        #expect(folders(sink, [("path", .string("/log/%Y/%m/x.txt"))]) == ["/log"])
        #expect(
            folders(sink, [("path", .string("/a/x")), ("key", .string("/b/y")), ("n", .int(1))])
                == ["/a", "/b"])
        #expect(folders(sink, [("key", .string("/b/y"))], secrets: ["key"]) == [])
        #expect(folders("millrace.state/1", [("path", .string("/a/x"))]) == [])
    }
}
