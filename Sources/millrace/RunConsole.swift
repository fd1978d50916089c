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
    private let log: Log
    private let repeats = Mutex(LogRepeats())
    private let isNoted = Mutex(false)

    /// What is logged, and how.
    struct Log {
        var job: String
        var level = LogLine.Level.info
        var form = LogForm.text
    }

    /// `wish`: nil leaves the choice to us. `dataOnTerminal`: an operator writes to standard
    /// output, and that is a terminal.
    init(_ output: Output, log: Log, wish: SpanOrOff?, dataOnTerminal: Bool) {
        self.output = output
        self.log = log
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

    /// The same, of what is no news the second time: a run begins to run after each failure.
    func noteOnce(_ text: String) {
        let isNews = isNoted.withLock { isNoted in
            defer { isNoted = true }
            return !isNoted
        }
        if isNews { note(text) }
    }

    /// That nobody reads standard output any more is no news to whoever ended the reader.
    func failure(_ failure: Failure) {
        guard failure.code != .readerGone || output.verbose else { return }
        line.withLock { line in
            line.clear()
            output.failure(failure)
        }
    }

    /// A line that an executor or its watchdog wrote.
    func log(_ entry: LogLine) {
        guard entry.level >= log.level else { return }
        let now = MonotonicClock.now()
        write(repeats.withLock { $0.admit(entry, now: now) })
    }

    /// Tells of lines that were hidden: of those whose time is over, at the end of all.
    func tellHidden(atEnd: Bool = false) {
        let now = atEnd ? nil : MonotonicClock.now()
        write(repeats.withLock { $0.over(now: now) })
    }

    private func write(_ entries: [LogLine]) {
        guard !entries.isEmpty else { return }
        let time = WallClock.now()
        let text = entries.map { log.form.line($0, job: log.job, time: time) + "\n" }.joined()
        line.withLock { line in
            line.clear()
            StandardError.write(text)
        }
    }
}

/// Does something every so often, on a thread of its own, until it is stopped.
final class Ticker: Sendable {
    private let poller: Poller
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<PinnedThread?>(nil)

    init(
        everyNanoseconds interval: Int64, startsAtOnce: Bool = false,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        poller = try Poller()
        let started = try PinnedThread(name: "mr-ticker") { [self] in
            if startsAtOnce { body() }
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
