// SPDX-License-Identifier: Apache-2.0
// How `millrace top` looks: from its state and the size of the terminal to cells.
//
//     millrace top   run-7f3a  RUNNING for 2m10s   orders, 4 tasks, 3 threads
//       in 8.1k/s (112 034)  out 312/s (4 401)  dead 0  p99 3.1ms
//       bottleneck  score (busy 97%), it blocks parse 71% of the time
//     NODE    OPERATOR  TASKS  IN/S  …
//     orders  generate      1     -  …
//
//     q quit  s sort: busy  …                                                     1-2/12
import MillraceAPI

package enum TopScreen {
    package static let sizeLeast = ScreenSize(columns: 30, rows: 6)

    package static func isTooSmall(_ size: ScreenSize) -> Bool {
        size.columns < sizeLeast.columns || size.rows < sizeLeast.rows
    }

    package static func draw(_ top: Top) -> Canvas {
        var canvas = Canvas(top.size)
        if isTooSmall(top.size) {
            drawSmall(&canvas)
        } else if top.showsHelp {
            drawHelp(&canvas)
        } else {
            let header = self.header(top)
            for (row, line) in header.enumerated() { line.put(on: &canvas, row: row) }
            drawBody(top, below: header.count, &canvas)
            drawFooter(top, &canvas)
        }
        return canvas
    }

    /// Rows of the table that fit, its title not counted.
    static func bodyRows(_ top: Top) -> Int {
        // One row for the titles, one for the keys.
        max(0, top.size.rows - header(top).count - 2)
    }

    private static func drawSmall(_ canvas: inout Canvas) {
        let words = [
            "\(canvas.size.columns)x\(canvas.size.rows) is too small",
            "at least \(sizeLeast.columns)x\(sizeLeast.rows)",
        ]
        for (row, line) in words.enumerated() { canvas.put(line, row: row, column: 0) }
    }

    // MARK: - above the table

    /// Pieces of text in a row, each with its style.
    private struct Line {
        var pieces: [(text: String, style: Style)] = []

        func put(on canvas: inout Canvas, row: Int) {
            var column = 0
            for piece in pieces {
                let room = canvas.size.columns - column
                column = canvas.put(
                    TextWidth.cut(TextWidth.shown(piece.text), to: room), row: row, column: column,
                    style: piece.style)
            }
        }
    }

    private static func header(_ top: Top) -> [Line] {
        guard case .jobs = top.page else { return jobHeader(top) }
        let count = Figures.count(top.jobs.count, "run")
        var lines = [title(top, [("   \(count)", .plain)])]
        if top.look != nil, top.jobs.isEmpty {
            lines.append(
                Line(pieces: [("  nothing runs; it is shown as soon as it does", .plain)]))
        }
        return lines
    }

    private static func title(_ top: Top, _ rest: [(String, Style)]) -> Line {
        var line = Line(pieces: [("millrace top", Style(.strong))])
        if top.isPaused { line.pieces.append(("  PAUSED", Style(.doubtful))) }
        line.pieces += rest.map { (text: $0.0, style: $0.1) }
        return line
    }

    private static func jobHeader(_ top: Top) -> [Line] {
        guard let job = top.shownJob else {
            return [title(top, [("   waiting for the first answer", .plain)])]
        }
        var state: [(String, Style)] = [
            ("   \(job.job)  ", .plain),
            (job.state.rawValue, Style(JobWords.ink(of: job.state))),
            (" for \(Figures.duration(job.ageSeconds.rounded(.down)))", .plain),
        ]
        if top.ended != nil {
            state = [("   \(job.job)  ", .plain), ("is over; last seen:", Style(.strong))]
        } else if let silence = top.look?.silent[job.job] {
            let text = "  no answer for \(Figures.duration(silence.rounded(.down)))"
            state.append((text, Style(.doubtful)))
        }
        state.append(("   \(JobWords.size(job))", .plain))
        var lines = [title(top, state), flow(job)]
        if let reason = JobWords.reason(job) { lines.append(remark("reason", reason)) }
        if let next = JobWords.next(job) { lines.append(remark("next", next)) }
        lines.append(remark("bottleneck", JobWords.bottleneck(job)))
        if let time = JobWords.watermark(job) { lines.append(remark("watermark", time)) }
        if case .node(_, let id) = top.page {
            let operation = top.shownNode.map { "\(id)  \($0.operator)" } ?? "\(id)  is not there"
            lines.append(Line(pieces: [(operation, Style(.strong))]))
        }
        // The table comes first: at least three rows of it, or as many as it has.
        let room = top.size.rows - 2 - min(3, max(1, top.rowCount))
        return Array(lines.prefix(max(1, room)))
    }

    private static func flow(_ job: JobView) -> Line {
        var text = "  in \(Figures.rate(job.rates.in)) (\(Figures.count(job.records.in)))"
        text += "  out \(Figures.rate(job.rates.out)) (\(Figures.count(job.records.out)))"
        var line = Line(pieces: [(text, .plain)])
        let ink: Ink? = job.deadLetters > 0 ? .bad : nil
        line.pieces.append(("  dead \(Figures.count(job.deadLetters))", Style(ink)))
        if let p99 = job.p99Seconds {
            line.pieces.append(("  p99 \(Figures.duration(p99))", .plain))
        }
        return line
    }

    private static func remark(_ name: String, _ text: String) -> Line {
        let space = String(repeating: " ", count: max(1, 12 - name.count))
        return Line(pieces: [("  \(name)\(space)", Style(.faint)), (text, .plain)])
    }

    // MARK: - the table

    private static func drawBody(_ top: Top, below row: Int, _ canvas: inout Canvas) {
        table(top).draw(
            on: &canvas, row: row, room: bodyRows(top), first: top.scroll,
            selected: top.selectedRow)
    }

    private static func table(_ top: Top) -> ScreenTable {
        switch top.page {
        case .jobs: jobTable(top)
        case .job: nodeTable(top)
        case .node: taskTable(top)
        }
    }

    private static func jobTable(_ top: Top) -> ScreenTable {
        let ranks: [JobColumn: Int] = [
            .job: 0, .state: 1, .rateIn: 2, .rateOut: 3, .name: 4, .age: 5, .recordsIn: 6,
            .recordsOut: 7, .tasks: 8,
        ]
        var table = ScreenTable(
            columns: JobColumn.allCases.map { column in
                ScreenTable.Column(
                    title: column.title, isNumber: column.isNumber, rank: ranks[column] ?? 9,
                    least: column.isNumber ? 6 : 8)
            })
        for view in top.jobs {
            let isSilent = top.look?.silent[view.job] != nil
            table.rows.append(
                JobColumn.allCases.map { column in
                    var style = Style(isSilent ? .faint : nil)
                    if column == .state, !isSilent {
                        style = Style(JobWords.ink(of: view.state))
                    }
                    return (column.text(view), style)
                })
        }
        return table
    }

    private static func nodeTable(_ top: Top) -> ScreenTable {
        let ranks: [NodeColumn] =
            [.node, .measure(.busy), .measure(.rateIn), .measure(.rateOut), .measure(.queue)]
            + [.measure(.blocked), .measure(.p99)]
        let bar = 7
        let shown = NodeColumn.shown(top.nodes)
        var columns = shown.map { column in
            var rank = ranks.firstIndex(of: column) ?? 0
            switch column {
            case .measure(.starved): rank = bar + 1
            case .tasks: rank = bar + 2
            case .operation: rank = bar + 3
            case .dead: rank = top.nodes.contains { $0.deadLetters > 0 } ? 0 : bar + 4
            case .watermark: rank = bar + 1
            case .node, .measure: break
            }
            return ScreenTable.Column(
                title: column.title + (column == top.sort ? "*" : ""), isNumber: column.isNumber,
                rank: rank, least: least(column))
        }
        columns.append(LoadBar.column(rank: bar))
        var table = ScreenTable(columns: columns)
        let culprit = top.shownJob?.bottleneck?.node
        for node in top.nodes {
            let cells = shown.map { column in
                (text: column.text(node), style: style(column, node, culprit: culprit))
            }
            table.rows.append(cells + [(LoadBar.text(node.time), .plain)])
        }
        return table
    }

    private static func style(_ column: NodeColumn, _ node: NodeView, culprit: String?) -> Style {
        switch column {
        case .node where node.id == culprit: Style(.doubtful)
        case .dead where node.deadLetters > 0: Style(.bad)
        default: .plain
        }
    }

    private static func least(_ column: NodeColumn) -> Int {
        switch column {
        case .node: 8
        case .measure(.rateIn), .measure(.rateOut), .measure(.p99): 6
        case .watermark: 20
        case .operation, .tasks, .dead, .measure: 4
        }
    }

    private static func taskTable(_ top: Top) -> ScreenTable {
        let measures = MeasureColumn.live + [.recordsIn, .recordsOut]
        let ranks: [MeasureColumn] = [
            .busy, .rateIn, .rateOut, .queue, .blocked, .p99, .starved, .recordsIn, .recordsOut,
        ]
        var table = ScreenTable(
            columns: [.init(title: "TASK", isNumber: false, rank: 0, least: 6)]
                + measures.map { column in
                    ScreenTable.Column(
                        title: column.title, isNumber: true,
                        rank: 1 + (ranks.firstIndex(of: column) ?? 0), least: 6)
                })
        table.columns.append(LoadBar.column(rank: 7))
        guard let node = top.shownNode else { return table }
        for task in node.tasks {
            let all = Measures(task, of: node)
            let name = "#\(task.task)" + (task.finished ? " over" : "")
            table.rows.append(
                [(name, .plain)] + measures.map { ($0.text(all), .plain) }
                    + [(LoadBar.text(task.time), .plain)])
        }
        return table
    }

    // MARK: - below the table

    private static func drawFooter(_ top: Top, _ canvas: inout Canvas) {
        let row = canvas.size.rows - 1
        let sort = "s sort: \(top.sort?.name ?? "flow")"
        let keys: [String] =
            switch top.page {
            case .jobs: ["q quit", "Enter open", "Space pause", "h help"]
            case .job: ["q quit", sort, "Enter tasks", "Space pause", "h help"]
            case .node: ["q quit", "Esc back", "Space pause", "h help"]
            }
        var position = ""
        let room = bodyRows(top)
        if top.rowCount > room, room > 0 {
            let last = min(top.scroll + room, top.rowCount)
            position = "\(top.scroll + 1)-\(last)/\(top.rowCount)"
        }
        let left = canvas.size.columns - (position.isEmpty ? 0 : position.count + 2)
        var text = ""
        for key in keys where text.count + key.count + 2 <= left || text.isEmpty {
            text += (text.isEmpty ? "" : "  ") + key
        }
        canvas.put(text, row: row, column: 0, style: Style(.faint))
        let interval = "every \(top.interval)"
        if position.isEmpty, text.count + interval.count + 2 <= canvas.size.columns {
            position = interval
        }
        canvas.put(
            position, row: row, column: canvas.size.columns - position.count, style: Style(.faint))
    }

    private static func drawHelp(_ canvas: inout Canvas) {
        let lines = [
            "millrace top", "",
            "  j k, arrows    select a row       PgUp PgDn g G   further",
            "  Enter          open it            Esc, Left       back",
            "  s S            sort by the next, the previous column",
            "  Space          hold the picture   q, ^C           leave", "",
            "  LOAD  \(LoadBar.legend)",
            "  The share of its time that a node works, waits for room",
            "  in the nodes after it, and waits for input.", "",
            "any key goes back",
        ]
        for (row, line) in lines.enumerated() {
            let cut = TextWidth.cut(line, to: canvas.size.columns)
            canvas.put(cut, row: row, column: 0, style: row == 0 ? Style(.strong) : .plain)
        }
    }
}

/// Where the time of a node or a task goes, as a bar.
enum LoadBar {
    private static let cells = 12
    static let legend = "# busy  = blocked  . starved"

    static func column(rank: Int) -> ScreenTable.Column {
        .init(title: "LOAD", isNumber: false, rank: rank, least: cells)
    }

    /// `#######==...`
    static func text(_ time: TimeShares) -> String {
        // By where each part ends, so that parts that add up to all fill the bar.
        var end = 0.0
        var text = ""
        for (share, mark) in [(time.busy, "#"), (time.blocked, "="), (time.starved, ".")] {
            end = min(end + max(share, 0), 1)
            let cells = Int((end * Double(cells)).rounded())
            text += String(repeating: mark, count: cells - text.count)
        }
        return text
    }
}
