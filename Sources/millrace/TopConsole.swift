// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceScreen
import MillraceSystem
import Synchronization

/// The shell of `Top`: turns keys, signals and looks into its events, and does what it answers.
///
/// Whatever way out is taken, the terminal is as it was: `leave` is called on all of them.
final class TopConsole {
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT]

    private enum Token {
        static let keys: UInt64 = 1
        static let signals: UInt64 = 2
    }

    /// The rest of an escape sequence comes at once, if it comes.
    private static let escapeMilliseconds: Int32 = 50

    private let terminal: RawTerminal
    private let watch: SignalWatch
    private let poller: Poller
    private let looks: LookBox
    private var top: Top
    private var painter: Painter
    private var decoder = KeyDecoder()
    private var isOnScreen = false

    /// `signals` watches at least `TopConsole.signals`.
    init(_ top: Top, signals: SignalWatch, colours: Bool) throws(SystemError) {
        self.top = top
        watch = signals
        painter = Painter(colours: colours)
        terminal = try RawTerminal(STDIN_FILENO)
        poller = try Poller()
        looks = LookBox(poller)
        try poller.add(STDIN_FILENO, token: Token.keys)
        try poller.add(signals.descriptor, token: Token.signals)
    }

    deinit { leave() }

    static var size: ScreenSize {
        let size = Terminal.size(STDOUT_FILENO) ?? (columns: 80, rows: 24)
        return ScreenSize(columns: size.columns, rows: size.rows)
    }

    /// Until somebody or something ends it. Throws what a look throws, and MR4108 when the
    /// terminal cannot be used.
    func run(_ lookout: Lookout, everyNanoseconds interval: Int64) throws(Failure) -> Top.Ending {
        let ticker = try System.call {
            try Ticker(everyNanoseconds: interval, startsAtOnce: true) { [looks] in
                looks.put(Result { () throws(Failure) in try lookout.look() })
            }
        }
        defer {
            // The terminal first: a run that does not answer must not hold it.
            leave()
            lookout.close()
            ticker.stop()
        }
        return try System.call {
            try enter()
            return try loop()
        }
    }

    private func loop() throws -> Top.Ending {
        if let ending = handle([.resumed]) { return ending }
        while true {
            let patience = decoder.isWaiting ? Self.escapeMilliseconds : -1
            let tokens = try poller.wait(milliseconds: patience)
            var events: [Top.Event] = []
            if tokens.isEmpty { events += decoder.flush().map(Top.Event.key) }
            if tokens.contains(Token.signals) { events += signalEvents() }
            if tokens.contains(Token.keys) { events += keyEvents() }
            if let look = looks.take() { events.append(.looked(try look.get())) }
            if let ending = handle(events) { return ending }
        }
    }

    private func signalEvents() -> [Top.Event] {
        var events: [Top.Event] = []
        while let signal = watch.next() {
            switch signal {
            case SIGWINCH: events.append(.resized(Self.size))
            case SIGTSTP: events.append(.suspended)
            case SIGCONT:
                // A shell may have given the terminal other settings meanwhile.
                try? enter()
                events += [.resized(Self.size), .resumed]
            default: events.append(.signal(signal))
            }
        }
        return events
    }

    private func keyEvents() -> [Top.Event] {
        guard let bytes = try? terminal.read() else { return [.terminalGone] }
        return decoder.decode(bytes).map(Top.Event.key)
    }

    /// The ending, if one of the events brings it.
    private func handle(_ events: [Top.Event]) -> Top.Ending? {
        var draws = false
        for event in events {
            for action in top.handle(event) {
                switch action {
                case .draw: draws = true
                case .redraw:
                    painter.forget()
                    draws = true
                case .suspend:
                    leave()
                    SignalWatch.stop(by: SIGTSTP)
                    // Here it goes on; SIGCONT, which woke us, says so to all others.
                    try? enter()
                    painter.forget()
                    draws = true
                case .quit(let ending): return ending
                }
            }
        }
        guard draws, !StandardOutput.write(painter.paint(TopScreen.draw(top))) else { return nil }
        return .terminalGone
    }

    private func enter() throws(SystemError) {
        try terminal.enter(farewell: Painter.leave)
        isOnScreen = true
        StandardOutput.write(Painter.enter)
        painter.forget()
    }

    private func leave() {
        guard isOnScreen else { return }
        isOnScreen = false
        StandardOutput.write(Painter.leave)
        terminal.leave()
    }
}

/// The newest look, on its way from the thread that looks to the one that draws.
private final class LookBox: Sendable {
    private let newest = Mutex<Result<TopLook, Failure>?>(nil)
    private let poller: Poller

    init(_ poller: Poller) { self.poller = poller }

    func put(_ look: Result<TopLook, Failure>) {
        newest.withLock { $0 = look }
        poller.wake()
    }

    func take() -> Result<TopLook, Failure>? {
        newest.withLock { newest in
            defer { newest = nil }
            return newest
        }
    }
}
