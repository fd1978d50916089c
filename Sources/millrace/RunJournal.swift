// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceWire
import Synchronization

/// The last lines of a run's log, for those who ask later than they were written. All levels that
/// the executor sends, repeats too. Any thread.
final class RunJournal: Sendable {
    /// What `logs` can go back to.
    static let linesMax = 10_000

    private struct Lines {
        var kept: [LogEntry] = []
        /// Where the oldest one lies, once the ring is full.
        var first = 0
        var count: UInt64 = 0
    }

    private let lines = Mutex(Lines())

    /// `time` in nanoseconds since 1970.
    func add(_ line: LogLine, time: Int64) {
        lines.withLock { lines in
            lines.count += 1
            let entry = LogEntry(
                number: lines.count, ts: Timestamp.text(nanosecondsSince1970: time),
                level: line.level.rawValue, msg: line.text, code: line.code?.description,
                node: line.node.isEmpty ? nil : line.node,
                task: line.node.isEmpty ? nil : line.instance)
            if lines.kept.count < Self.linesMax {
                lines.kept.append(entry)
            } else {
                lines.kept[lines.first] = entry
                lines.first = (lines.first + 1) % Self.linesMax
            }
        }
    }

    /// The lines behind number `after`, oldest first, as many as make a page.
    func page(after: UInt64) -> LogPage {
        lines.withLock { lines in
            let oldest = lines.count - UInt64(lines.kept.count)
            let skipped = Int(after > oldest ? min(after, lines.count) - oldest : 0)
            let end = min(skipped + LogPage.linesMax, lines.kept.count)
            let items = (skipped..<end).map {
                lines.kept[(lines.first + $0) % lines.kept.count]
            }
            return LogPage(items: items, isLast: end == lines.kept.count)
        }
    }
}
