// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceWire

/// source ! score ! sink, three tasks; or two such, the second `source2 ! score2 ! sink2`.
enum Sample {
    static func plan(
        soft: Int64 = 1_000_000_000, hard: Int64 = 10_000_000_000, scores: Int = 1,
        isTwofold: Bool = false, isJoined: Bool = false
    ) -> Plan {
        func node(
            _ id: String, _ kind: OperatorDescription.Kind, _ plugin: PluginReference,
            tasks: Int = 1
        ) -> PlannedNode {
            PlannedNode(
                id: id,
                operation: OperatorDescription(
                    id: "demo.\(id)", version: "1.0.0", kind: kind,
                    inputs: kind == .source ? [] : [PortDescription(name: "in")],
                    outputs: kind == .sink ? [] : [PortDescription(name: "out")]),
                plugin: plugin, config: .object([]), parallelism: tasks, watchdogSoft: soft,
                watchdogHard: hard)
        }
        let io = plugin("io", "aa")
        let score = plugin("score", "bb")
        var nodes: [PlannedNode] = []
        var edges: [PlannedEdge] = []
        for suffix in isTwofold || isJoined ? ["", "2"] : [""] {
            let first = nodes.count
            nodes += [
                node("source\(suffix)", .source, io),
                node("score\(suffix)", .transform, score, tasks: scores),
                node("sink\(suffix)", .sink, io),
            ]
            edges += [
                PlannedEdge(from: first, to: first + 1, partition: .forward),
                PlannedEdge(from: first + 1, to: first + 2, partition: .forward),
            ]
        }
        if isJoined { edges.insert(PlannedEdge(from: 0, to: 4, partition: .forward), at: 1) }
        return Plan(job: "run-0000", name: "sample", nodes: nodes, edges: edges, threads: 1)
    }

    static func plugin(_ name: String, _ sha: String) -> PluginReference {
        PluginReference(
            name: name, version: "1.2.3", sha256: sha, path: "/plugins/libmr_\(name).so", copy: "")
    }

    /// A page of task 1, in its plugin unless told otherwise.
    static func box(
        state: BlackBoxPage.State = .inPlugin, call: PluginCall = .process,
        calls: UInt64 = 0, thread: UInt64 = 77, count: UInt32 = 256, stamp: [UInt64]? = nil,
        signal: UInt32 = 11
    ) -> BlackBoxPage {
        var bytes = [UInt8](repeating: 0, count: BlackBox.pageBytes)
        func put(_ value: UInt64, _ offset: Int, _ size: Int) {
            for i in 0..<size { bytes[offset + i] = UInt8(value >> UInt64(8 * i) & 0xff) }
        }
        put(0x5842_524D, 0, 4)
        put(1, 4, 4)
        put(UInt64(state.rawValue), 8, 4)
        put(UInt64(call.rawValue), 12, 4)
        put(5, 16, 8)
        put(calls, 24, 8)
        put(12, 32, 8)
        put(UInt64(count), 40, 4)
        put(thread, 80, 8)
        if let stamp { putStamp(stamp, signal, put) }
        guard let box = BlackBoxPage(bytes) else { preconditionFailure("BUG: no page") }
        return box
    }

    /// `numbers`: address, program counter, thread, further return addresses.
    static func putStamp(
        _ numbers: [UInt64], _ signal: UInt32, _ put: (UInt64, Int, Int) -> Void
    ) {
        put(UInt64(signal), 2_560, 4)
        put(signal == .max ? 3 : 1, 2_564, 4)
        put(numbers[0], 2_568, 8)
        put(numbers[1], 2_576, 8)
        put(numbers[2], 2_584, 8)
        let stack = [numbers[1]] + numbers.dropFirst(3)
        put(UInt64(stack.count), 2_592, 4)
        for (i, address) in stack.enumerated() { put(address, 2_600 + 8 * i, 8) }
    }

    /// Library 1 (score) lies at 0x1000..<0x2000.
    static func process(stamp: [UInt64]? = nil, signal: UInt32 = 11) -> ProcessPage {
        var bytes = [UInt8](repeating: 0, count: BlackBox.pageBytes)
        func put(_ value: UInt64, _ offset: Int, _ size: Int) {
            for i in 0..<size { bytes[offset + i] = UInt8(value >> UInt64(8 * i) & 0xff) }
        }
        put(0x5842_524D, 0, 4)
        put(1, 4, 4)
        put(1, 8, 4)
        put(3, 12, 4)
        put(1, 24, 8)
        put(0x1000, 256, 8)
        put(0x2000, 264, 8)
        put(1, 272, 8)
        if let stamp { putStamp(stamp, signal, put) }
        guard let page = ProcessPage(bytes) else { preconditionFailure("BUG: no page") }
        return page
    }
}
