// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import MillraceCore
import MillraceFlow
import MillraceWire
import Synchronization

/// What the services of the host table need beside the task: who a context is, where messages
/// go, which metrics were made. One per process, as the table is.
package final class HostServices: Sendable {
    package static let shared = HostServices()

    private struct State {
        var names: [UInt64: (node: String, instance: Int)] = [:]
        var metrics: [MetricCell] = []
        var used: [UInt64: Int] = [:]
        var pages: TaskPages?
        var sink: @Sendable (LogLine) -> Void = { _ in }
        var sealed: Set<UInt64> = []
        var journals: [UInt64: IngressJournal] = [:]
        var level = LogLine.Level.info
    }

    private let state = Mutex(State())

    /// Before the first instance is made.
    package func begin(pages: TaskPages, log: @escaping @Sendable (LogLine) -> Void) {
        state.withLock {
            $0.pages = pages
            $0.sink = log
        }
    }

    /// From which level on messages are taken; what operators are told in `mr_start.log_level`.
    package var logLevel: LogLine.Level {
        get { state.withLock { $0.level } }
        set { state.withLock { $0.level = newValue } }
    }

    /// Who the context with this tag is: node and number of the instance.
    package func name(_ tag: UInt64, node: String, instance: Int) {
        state.withLock { $0.names[tag] = (node, instance) }
    }

    /// No more metrics for this context: the set is fixed once it has started.
    package func seal(_ tag: UInt64) {
        state.withLock { _ = $0.sealed.insert(tag) }
    }

    /// What the context with this tag takes its input through.
    func keep(_ journal: IngressJournal, of tag: UInt64) {
        state.withLock { $0.journals[tag] = journal }
    }

    func journal(of tag: UInt64) -> IngressJournal? { state.withLock { $0.journals[tag] } }

    /// Every counter, gauge and histogram that operators have made.
    package var metrics: [MetricCell] { state.withLock { $0.metrics } }

    func log(_ tag: UInt64, _ level: mr_level, _ text: String) {
        let levels = LogLine.Level.allCases
        let found = levels[min(max(Int(level.rawValue), 0), levels.count - 1)]
        let (name, sink, least) = state.withLock { ($0.names[tag], $0.sink, $0.level) }
        guard found >= least else { return }
        sink(
            LogLine(
                level: found, node: name?.node ?? "", instance: name?.instance ?? 0,
                text: text))
    }

    /// The place of a new metric; nil when the name is taken, the set is fixed or full.
    private func add(_ tag: UInt64, kind: MetricCell.Kind, name: String, unit: String, help: String)
        -> Int?
    {
        state.withLock { state in
            let mine = state.metrics.filter { $0.task == Int(tag) }
            guard !state.sealed.contains(tag), !mine.contains(where: { $0.name == name }) else {
                return nil
            }
            let index: Int
            if kind == .histogram {
                index = state.metrics.count { $0.kind == .histogram }
                guard index < TaskPages.histogramCount else { return nil }
            } else {
                index = state.used[tag, default: 0]
                guard index < Limits.metricCells else { return nil }
                state.used[tag] = index + 1
            }
            state.metrics.append(
                MetricCell(
                    task: Int(tag), kind: kind, name: name, unit: unit, help: help, index: index))
            return index
        }
    }

    // SAFETY(cell): the texts are read before the call returns; the memory handed out is part of
    // the shared pages, which live as long as the process.
    @unsafe func cell(
        _ context: OpaquePointer?, kind: MetricCell.Kind, _ name: UnsafePointer<CChar>?,
        _ unit: UnsafePointer<CChar>?, _ help: UnsafePointer<CChar>?
    ) -> UnsafeMutableRawPointer? {
        guard let context = unsafe context, let name = unsafe name else { return nil }
        let text = unsafe String(cString: name)
        let unitText = unsafe unit.map { unsafe String(cString: $0) } ?? ""
        let helpText = unsafe help.map { unsafe String(cString: $0) } ?? ""
        guard let cells = unsafe mrr_context_cells(context) else { return nil }
        let tag = unsafe mrr_context_tag(context)
        guard let index = add(tag, kind: kind, name: text, unit: unitText, help: helpText) else {
            return nil
        }
        if kind == .histogram {
            let pages = state.withLock { $0.pages }
            return unsafe pages?.histogram(index)
        }
        let offset = MemoryLayout<mrr_cells>.offset(of: \mrr_cells.metric) ?? 512
        return unsafe UnsafeMutableRawPointer(cells) + offset + index * 8
    }
}
