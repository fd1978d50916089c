// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI

/// Views as a run would send them.
enum SampleJob {
    struct Node {
        var id: String
        var operation = "pass"
        var kind = "transform"
        var tasks = 1
        var rate = 1_000.0
        var busy = 0.25
        var blocked = 0.0
        var queue = 0.5
        var p99: Double? = 0.0031
        var dead = 0
    }

    static let nodes = [
        Node(
            id: "orders", operation: "generate", kind: "source", tasks: 2, rate: 12_400,
            busy: 0.18, blocked: 0.7, queue: 0, p99: nil),
        Node(id: "score", operation: "fraud.score", rate: 12_300, busy: 0.97, queue: 1, p99: 0.088),
        Node(
            id: "alerts", operation: "stdout", kind: "sink", rate: 1_100, busy: 0.01, queue: 0,
            dead: 2),
    ]

    static func view(
        _ job: String = "run-7f3a", name: String = "orders", state: String = "RUNNING",
        reason: String? = nil, nodes: [Node] = nodes
    ) throws -> JobView {
        let object: [String: Any] = [
            "job": job, "name": name, "state": state, "since": "2026-11-22T09:28:57Z",
            "age_seconds": 130.0, "running_seconds": 130.0, "version": 1, "threads": 3,
            "reason": reason.map { ["code": "MR4102", "text": $0] } ?? NSNull(),
            "next": reason.map { _ in ["text": "its process is ended after 30s"] } ?? NSNull(),
            "bottleneck": [
                "node": "score", "busy": 0.97, "blocks": [["node": "orders", "share": 0.7]],
            ],
            "rates": ["in": 12_400.0, "out": 1_100.0], "records": ["in": 112_034, "out": 4_401],
            "dead_letters": nodes.reduce(0) { $0 + $1.dead }, "p99_seconds": 0.0031,
            "nodes": nodes.map(object),
        ]
        let data = try JSONSerialization.data(withJSONObject: object)
        return try JSONDecoder().decode(JobView.self, from: data)
    }

    private static func object(_ node: Node) -> [String: Any] {
        let time: [String: Any] = [
            "busy": node.busy, "blocked": node.blocked,
            "starved": max(0, 1 - node.busy - node.blocked),
        ]
        let shared: [String: Any] = [
            "time": time, "queue": node.queue,
            "records": ["in": node.kind == "source" ? 0 : 1_000_000, "out": 1_000_000],
            "rates": ["in": node.kind == "source" ? 0 : node.rate, "out": node.rate],
            "p99_seconds": node.p99 ?? NSNull(),
        ]
        let tasks = (0..<node.tasks).map { number in
            shared.merging(["task": number, "finished": number == 1]) { $1 }
        }
        return shared.merging([
            "id": node.id, "operator": "\(node.operation)@1.0.0", "kind": node.kind,
            "parallelism": ["desired": node.tasks, "actual": node.tasks], "queue_records": 0,
            "dead_letters": node.dead, "tasks": tasks,
        ]) { $1 }
    }
}
