// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceAPI
import MillraceCore
import MillraceSystem

/// What ends a stream that its reader has enough of: a signal, a time, or that nobody reads what
/// the reader prints. To be made before other threads are.
struct StreamStops {
    private enum Token {
        static let signals: UInt64 = 1
        static let output: UInt64 = 2
    }

    private let signals: SignalWatch
    /// Monotonic nanoseconds; nil: no limit.
    private let deadline: Int64?

    init(after duration: Int64?) throws(SystemError) {
        signals = try SignalWatch()
        deadline = duration.map { MonotonicClock.now() + $0 }
    }

    fileprivate func watch(_ poller: Poller) throws(SystemError) {
        try poller.add(signals.descriptor, token: Token.signals)
        // A pipe that is only written to has nothing to tell but that its reader has left.
        if !Terminal.isTTY(STDOUT_FILENO) {
            _ = try poller.addEdges(of: STDOUT_FILENO, token: Token.output)
        }
    }

    fileprivate var patience: Int32 {
        guard let deadline else { return -1 }
        let left = max(0, deadline - MonotonicClock.now())
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    fileprivate func hasCome(_ tokens: [UInt64]) -> Bool {
        if tokens.contains(Token.signals) || tokens.contains(Token.output) { return true }
        return deadline.map { MonotonicClock.now() >= $0 } ?? false
    }
}

extension Client {
    /// Takes events until there are no more, `take` wants no more, or one of `stops` has come. The
    /// client is of no use after it. Throws what the run answers instead of events.
    func stream(
        _ path: String, _ stops: StreamStops, _ take: (StreamEvent) -> Bool
    ) throws(Failure) {
        let question = question(path)
        do throws(SystemError) {
            try connection.sendLine(question.text)
            try stops.watch(poller)
        } catch {
            throw noAnswer(error)
        }
        defer { close() }
        while let lines = try nextLines(stops) {
            for line in lines {
                switch StreamLine(line, id: question.id) {
                case .event(let event): if !take(event) { return }
                case .end: return
                case nil:
                    _ = try read(line, as: JSON.self)
                    return
                }
            }
        }
    }

    /// nil: it is over.
    private func nextLines(_ stops: StreamStops) throws(Failure) -> [String]? {
        do throws(SystemError) {
            while true {
                // Something comes each second, for as long as the run is well.
                let left = stops.patience
                let isBounded = left >= 0 && left <= patience
                let tokens = try poller.wait(milliseconds: isBounded ? left : patience)
                if stops.hasCome(tokens) { return nil }
                if tokens.contains(0) { return try connection.receiveLines() }
                if tokens.isEmpty, !isBounded {
                    throw SystemError("read", ETIMEDOUT, object: job)
                }
            }
        } catch {
            throw noAnswer(error)
        }
    }
}
