// SPDX-License-Identifier: Apache-2.0
// One line per node, from the sources down; an edge is a lane at the left, named where it enters
// its consumer:
//
//     ● orders  kafka.source
//     │ out → in, fused
//     ● score  fraud.score ×4
//     ├─╮
//     ▼ │ high → in, hash, queue 1024
//     ● │ alerts  kafka.sink
//       ▼ low → in, round_robin, queue 1024
//       ● archive  hdfs.sink
//
// Where an edge would need more lanes than fit into the width, it has none: its line begins with
// `▷` and names the producer.

extension GraphDrawing {
    /// Lines of at most `width` columns, but for a single word that is longer.
    package func text(width: Int = 80) -> String {
        var painter = LanePainter(self, width: width)
        return painter.lines().map { $0 + "\n" }.joined()
    }
}

private struct LanePainter {
    /// What stands in one column of a row.
    private enum Cell: Character {
        case empty = " "
        case lane = "│"
        case node = "●"
        case inserted = "○"
        case arrow = "▼"
        case branch = "├"
        case split = "┬"
        case splitLast = "╮"
        case merge = "┴"
        case mergeLast = "╯"
        case crossing = "┼"
        case across = "─"
    }

    private let drawing: GraphDrawing
    private let width: Int
    private let lanesMax: Int
    private var outgoing: [[Int]]
    private var incoming: [[Int]]
    /// The edge in each lane; nil: the lane is free.
    private var lanes: [Int?] = []
    private var laneOf: [Int: Int] = [:]
    private var rows: [(cells: [Cell], text: String)] = []

    init(_ drawing: GraphDrawing, width: Int) {
        self.drawing = drawing
        self.width = width
        lanesMax = max(1, width / 5)
        outgoing = [[Int]](repeating: [], count: drawing.nodes.count)
        incoming = outgoing
        for (number, edge) in drawing.edges.enumerated() {
            outgoing[edge.from].append(number)
            incoming[edge.to].append(number)
        }
    }

    mutating func lines() -> [String] {
        let order = order()
        var place = [Int](repeating: 0, count: drawing.nodes.count)
        for (position, node) in order.enumerated() { place[node] = position }
        for node in order {
            outgoing[node].sort {
                (place[drawing.edges[$0].to], $0) < (place[drawing.edges[$1].to], $1)
            }
        }
        for node in order { draw(node) }
        let gutter = (rows.map { $0.cells.count }.max() ?? 0) * 2
        return rows.flatMap { row in written(row.cells, row.text, gutter: gutter) }
    }

    /// Producers first, and as deep as possible before the next branch: fewer lanes are open.
    private func order() -> [Int] {
        var waiting = incoming.map(\.count)
        var stack = Array(drawing.nodes.indices.filter { waiting[$0] == 0 }.reversed())
        var order: [Int] = []
        while let node = stack.popLast() {
            order.append(node)
            var ready: [Int] = []
            for number in outgoing[node] {
                let consumer = drawing.edges[number].to
                waiting[consumer] -= 1
                if waiting[consumer] == 0 { ready.append(consumer) }
            }
            stack += ready.reversed()
        }
        return order
    }

    private mutating func draw(_ node: Int) {
        let facts = drawing.nodes[node]
        let arriving = incoming[node]
        for number in arriving { label(number) }
        let lanesIn = arriving.compactMap { laneOf[$0] }.sorted()
        let column = lanesIn.first ?? freeLane(from: 0) ?? lanesMax
        for lane in lanesIn { lanes[lane] = nil }
        for number in arriving { laneOf[number] = nil }
        let mark: Cell = facts.isInserted ? .inserted : .node
        rows.append(
            (
                row(from: column, mark, to: lanesIn.dropFirst(), .merge, .mergeLast),
                "\(oneLine(facts.id))  \(oneLine(facts.operation))"
            ))
        open(outgoing[node], at: column)
    }

    /// The line of an edge, right above its consumer.
    private mutating func label(_ number: Int) {
        let edge = drawing.edges[number]
        let isAlone = incoming[edge.to].count == 1
        var text = oneLine(edge.text)
        guard let lane = laneOf[number] else {
            text = "▷ \(oneLine(drawing.nodes[edge.from].id)) \(text)"
            rows.append((row(), text))
            return
        }
        if !isAlone { text = "\(oneLine(drawing.nodes[edge.from].id)) \(text)" }
        var cells = row()
        cells[lane] = .arrow
        rows.append((cells, text))
    }

    private mutating func open(_ edges: [Int], at column: Int) {
        var opened: [Int] = []
        for (order, number) in edges.enumerated() {
            guard let lane = order == 0 ? column : freeLane(from: column) else { continue }
            guard lane < lanesMax else { continue }
            while lanes.count <= lane { lanes.append(nil) }
            lanes[lane] = number
            laneOf[number] = lane
            opened.append(lane)
        }
        guard opened.count > 1 else { return }
        let kept = lanes
        for lane in opened { lanes[lane] = nil }
        let cells = row(from: column, .branch, to: opened.dropFirst(), .split, .splitLast)
        lanes = kept
        rows.append((cells, ""))
    }

    private func freeLane(from column: Int) -> Int? {
        for lane in column..<max(column, lanesMax) where lane >= lanes.count || lanes[lane] == nil {
            return lane
        }
        return nil
    }

    /// All open lanes.
    private func row() -> [Cell] { lanes.map { $0 == nil ? .empty : .lane } }

    /// Open lanes, and a line from a column to others on its right.
    private func row(
        from column: Int, _ start: Cell, to others: some Collection<Int>, _ middle: Cell,
        _ end: Cell
    ) -> [Cell] {
        var cells = row()
        let last = others.max() ?? column
        while cells.count <= last { cells.append(.empty) }
        cells[column] = start
        guard last > column else { return cells }
        for lane in column + 1...last {
            if others.contains(lane) {
                cells[lane] = lane == last ? end : middle
            } else {
                cells[lane] = cells[lane] == .lane ? .crossing : .across
            }
        }
        return cells
    }

    /// A row as lines: what does not fit goes below, beside the lanes.
    private func written(_ cells: [Cell], _ text: String, gutter: Int) -> [String] {
        var lines: [String] = []
        let room = max(20, width - gutter)
        for part in folded(text, room: room) {
            var line = ""
            for (column, cell) in cells.enumerated() {
                let shown = lines.isEmpty ? cell : below(cell)
                line.append(shown.rawValue)
                let next = column + 1 < cells.count ? cells[column + 1] : .empty
                let joins = lines.isEmpty && reachesRight(cell, next, cells[column...])
                line.append(joins ? Cell.across.rawValue : " ")
            }
            line += part.isEmpty ? "" : part
            while line.last == " " { line.removeLast() }
            lines.append(line)
        }
        return lines
    }

    /// Whether the horizontal line goes on behind a cell.
    private func reachesRight(_ cell: Cell, _ next: Cell, _ rest: ArraySlice<Cell>) -> Bool {
        switch cell {
        case .branch, .split, .merge, .crossing, .across: true
        case .node, .inserted:
            [.merge, .mergeLast, .across, .crossing].contains(next)
        case .empty, .lane, .arrow, .splitLast, .mergeLast: false
        }
    }

    /// What a row's second line has in the same column.
    private func below(_ cell: Cell) -> Cell {
        switch cell {
        case .lane, .crossing, .branch, .split, .splitLast, .arrow: .lane
        case .empty, .node, .inserted, .merge, .mergeLast, .across: .empty
        }
    }

    private func folded(_ text: String, room: Int) -> [String] {
        guard text.count > room else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = "  "
            } else if !line.isEmpty {
                line += " "
            }
            line += word
        }
        return lines + [line]
    }

    /// Control characters would move the cursor.
    private func oneLine(_ text: String) -> String {
        String(
            text.map {
                $0.isNewline || $0.unicodeScalars.allSatisfy { $0.value < 0x20 || $0.value == 0x7f }
                    ? " " : $0
            })
    }
}
