// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology {
    /// The drawing, and below it each value of each node with its origin.
    package func text(width: Int = 80) -> String {
        var lines = ["topology \(name.shown)"]
        lines += rows([
            ("arena", arena), ("threads", threads), ("pin", pinned), ("idle", idle),
        ])
        lines += rows(checkpoint.values.map { ("checkpoint.\($0.name)", $0.value) })
        lines += rows([
            ("restart.backoff", restart.backoff), ("restart.budget.count", restart.count),
            ("restart.budget.per", restart.per),
        ])
        for node in nodes {
            var head = "\(node.id)  \(node.function ?? node.use)  \(node.operation.kind.rawValue)"
            head += " of plugin \(node.plugin.name) \(node.plugin.version)"
            lines += ["", head]
            if !node.facts.isEmpty {
                let facts = node.facts.map { $0.replacing("_", with: " ") }
                lines.append("  " + facts.joined(separator: ", "))
            }
            var values = node.function == nil ? node.with.leaves(below: "with") : []
            values += [("parallelism", node.parallelism), ("isolation", node.isolation)]
            if !node.operation.outputs.isEmpty {
                values.append(("output_memory", node.outputMemory))
            }
            values += [
                ("watchdog.soft", node.watchdogSoft), ("watchdog.hard", node.watchdogHard),
            ]
            if let memory = node.memory { values.append(("resources.memory", memory)) }
            if let loop = node.loop { values.append(("loop", loop)) }
            lines += rows(values)
        }
        let drawing = GraphDrawing(self).text(width: width)
        return drawing + "\n" + lines.joined(separator: "\n") + "\n"
    }

    private func rows(_ values: [(name: String, value: Value)]) -> [String] {
        let names = values.map { $0.name.count }.max() ?? 0
        let widest = values.map { $0.value.shown.count }.filter { $0 <= 32 }.max() ?? 0
        return values.map { name, value in
            func padded(_ text: String, _ width: Int) -> String {
                text + String(repeating: " ", count: max(0, width - text.count))
            }
            let origin = value.origin?.text ?? ""
            let line = "  \(padded(name, names))  \(padded(value.shown, widest))  \(origin)"
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

extension ResolvedTopology.Value {
    /// On one line, as it would be written in a file.
    fileprivate var shown: String {
        switch content {
        case .scalar(.string(let text)): YAMLScalar.inline(text, in: .block)
        case .scalar(.int(let number)): "\(number)"
        case .scalar(.double(let number)): "\(number)"
        case .scalar(.bool(let flag)): "\(flag)"
        case .scalar: "null"
        case .list: "[]"
        case .map: "{}"
        }
    }

    /// Scalars, and empty lists and maps, with their paths.
    fileprivate func leaves(below path: String) -> [(name: String, value: Self)] {
        switch content {
        case .list(let items) where !items.isEmpty:
            items.enumerated().flatMap { $0.element.leaves(below: "\(path)[\($0.offset)]") }
        case .map(let members) where !members.isEmpty:
            members.flatMap { $0.value.leaves(below: "\(path).\($0.name)") }
        case .map where path == "with": []
        case .scalar, .list, .map: [(path, self)]
        }
    }
}
