// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceJobs
import MillraceSystem
import MillraceWire
import Synchronization

/// Everything that a run writes to standard error, from several threads, one at a time.
final class RunConsole: Sendable {
    /// Statuses that are lines of their own come less often: they stay.
    static let lineIntervalNanoseconds: Int64 = 10_000_000_000

    let output: Output
    let intervalNanoseconds: Int64?
    private let line: Mutex<StatusLine>

    /// `wish`: nil leaves the choice to us. `dataOnTerminal`: an operator writes to standard
    /// output, and that is a terminal.
    init(_ output: Output, wish: SpanOrOff?, dataOnTerminal: Bool) {
        self.output = output
        let inPlace = Terminal.isTTY(2) && !dataOnTerminal
        switch wish {
        case .off: intervalNanoseconds = nil
        case .span(let span): intervalNanoseconds = span.nanoseconds
        case nil where output.quiet || !Terminal.isTTY(2): intervalNanoseconds = nil
        case nil: intervalNanoseconds = inPlace ? 1_000_000_000 : Self.lineIntervalNanoseconds
        }
        line = Mutex(StatusLine(intervalNanoseconds == nil ? .off : inPlace ? .inPlace : .lines))
    }

    func show(_ view: JobView) {
        let text = StatusLine.text(view)
        line.withLock { $0.show(text) }
    }

    /// A line that stays.
    func note(_ text: String) {
        line.withLock { line in
            line.clear()
            output.note(text)
        }
    }

    func failure(_ failure: Failure) {
        line.withLock { line in
            line.clear()
            output.failure(failure)
        }
    }

    /// `09:31:07 WARN score#2 process has not returned for 1 s  MR4102`
    func log(_ entry: LogLine) {
        guard isShown(entry.level) else { return }
        let time = Timestamp.text(nanosecondsSince1970: WallClock.now()).dropFirst(11).prefix(8)
        let place = entry.node.isEmpty ? "" : "\(entry.node)#\(entry.instance) "
        let code = entry.code.map { "  \($0)" } ?? ""
        let text = "\(time) \(entry.level.rawValue.uppercased()) \(place)\(entry.text)\(code)"
        line.withLock { line in
            line.clear()
            StandardError.write(text + "\n")
        }
    }

    private func isShown(_ level: LogLine.Level) -> Bool {
        switch level {
        case .error: true
        case .warn: true
        case .info: !output.quiet
        case .debug, .trace: output.verbose
        }
    }
}

/// Does something every so often, on a thread of its own, until it is stopped.
final class Ticker: Sendable {
    private let poller: Poller
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<PinnedThread?>(nil)

    init(
        everyNanoseconds interval: Int64, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        poller = try Poller()
        let started = try PinnedThread(name: "mr-ticker") { [self] in
            let milliseconds = Int32(clamping: max(1, interval / 1_000_000))
            while true {
                // A poller that cannot wait ends the ticking, not the run.
                guard (try? poller.wait(milliseconds: milliseconds)) != nil,
                    !stopping.load(ordering: .sequentiallyConsistent)
                else { return }
                body()
            }
        }
        thread.withLock { $0 = started }
    }

    /// After it `body` is not called any more. Once.
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        poller.wake()
        let ending = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ending?.join()
    }
}
