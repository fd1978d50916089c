// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceSystem

/// Asks questions in processes of their own, which may die of them: the command `probe` with
/// arguments, answers as `ProbeResult.swift` tells.
struct ProbeProcesses: Sendable {
    enum End: Sendable {
        /// The line of JSON.
        case answered([UInt8])
        /// `how` is the end of a sentence. `stage` is what was under way, nil before it began.
        case died(how: String, stage: String?, lastWords: String)
        /// There was no process.
        case notMade(SystemError)
    }

    /// Processes at a time. Loading is short and mostly waits for the disk.
    private static let runningMax = 4
    let executable: String
    let limitNanoseconds: Int64
    /// `NAME=value`, beside what every probe gets.
    var environment: [String] = []

    /// One end per question, in their order. Takes as long as the slowest, at most the limit for
    /// every four of them.
    func run(_ questions: [[String]]) -> [End] {
        var ends = [End?](repeating: nil, count: questions.count)
        var running: [(number: Int, probe: RunningProbe)] = []
        var next = 0
        while next < questions.count || !running.isEmpty {
            while next < questions.count, running.count < Self.runningMax {
                do throws(SystemError) {
                    let probe = try RunningProbe(
                        questions[next], executable: executable, environment: environment,
                        limit: limitNanoseconds)
                    running.append((next, probe))
                } catch {
                    ends[next] = .notMade(error)
                }
                next += 1
            }
            RunningProbe.wait(for: running.map(\.probe))
            for (number, probe) in running { ends[number] = probe.advance() }
            running.removeAll { ends[$0.number] != nil }
        }
        return ends.compactMap { $0 }
    }
}

/// One probe process, its answer so far and the end of what it printed.
private final class RunningProbe {
    private let process: ChildProcess
    private let answer: FileDescriptor
    private let output: FileDescriptor
    private let deadline: Int64
    private let limit: Int64
    private var answered: [UInt8] = []
    private var printed: [UInt8] = []
    /// Nobody can write any more: answer, output.
    private var ended = [false, false]
    private static let printedMax = 4096
    /// A crash has to end the process by its signal, without pages of print, also in a program
    /// built with a sanitizer.
    private static let environment = [
        "SWIFT_BACKTRACE=enable=no",
        "ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0",
    ]

    init(
        _ arguments: [String], executable: String, environment: [String], limit: Int64
    ) throws(SystemError) {
        self.limit = limit
        let answer = try Pipe()
        let output = try Pipe()
        let silence = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard silence >= 0 else { throw SystemError("open", errno, object: "/dev/null") }
        let input = FileDescriptor(owning: silence)
        process = try ChildProcess(
            ChildProcess.Options(
                path: executable, arguments: ["probe"] + arguments,
                environment: Self.environment + environment,
                descriptors: [
                    (input.number, 0), (output.write.number, 1), (output.write.number, 2),
                    (answer.write.number, ProbeAnswer.descriptor),
                ]))
        self.answer = answer.takeReadEnd()
        self.output = output.takeReadEnd()
        deadline = MonotonicClock.now() + limit
    }

    /// Returns when one of them has something to read, has ended or is late.
    static func wait(for probes: [RunningProbe]) {
        var sets: [pollfd] = []
        for probe in probes {
            // A pipe without writers is always readable; one below 0 is not looked at.
            let pipes = [
                probe.ended[0] ? -1 : probe.answer.number,
                probe.ended[1] ? -1 : probe.output.number,
            ]
            for number in [probe.process.descriptor] + pipes {
                sets.append(pollfd(fd: number, events: Int16(POLLIN), revents: 0))
            }
        }
        let first = probes.map(\.deadline).min() ?? 0
        let left = max(0, first - MonotonicClock.now()) / 1_000_000 + 1
        // SAFETY(sets): a local that the call fills. An interrupted wait is a short one.
        _ = unsafe poll(&sets, nfds_t(sets.count), Int32(left))
    }

    /// How it ended, once it has.
    func advance() -> ProbeProcesses.End? {
        // Before the pipes: what it wrote before its end is in them now.
        let exit = process.poll()
        take()
        if let exit { return end(exit) }
        if MonotonicClock.now() >= deadline {
            process.kill(SIGKILL)
            _ = process.wait()
            return died("did not return within \(Quantity.text(duration: limit))")
        }
        return nil
    }

    /// Reads what is there.
    private func take() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        for isAnswer in [true, false] {
            let number = isAnswer ? answer.number : output.number
            while true {
                // SAFETY(chunk): at most its length.
                let count = unsafe chunk.withUnsafeMutableBytes {
                    unsafe read(number, $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                if count == 0 { ended[isAnswer ? 0 : 1] = true }
                guard count > 0 else { break }
                if isAnswer {
                    if answered.count <= ProbeAnswer.bytesMax { answered += chunk[..<count] }
                } else {
                    printed = (printed + chunk[..<count]).suffix(Self.printedMax)
                }
            }
        }
    }

    private func end(_ exit: ChildProcess.Exit) -> ProbeProcesses.End {
        let lines = answered.split(separator: UInt8(ascii: "\n"))
        if exit == .exited(code: 0), let last = lines.last, last.starts(with: "= ".utf8) {
            return .answered(Array(last.dropFirst(2)))
        }
        switch exit {
        case .exited(let code): return died("ended its process with exit(\(code))")
        case .signaled(let signal): return died("crashed with \(SignalName.text(signal))")
        }
    }

    private func died(_ how: String) -> ProbeProcesses.End {
        let stages = answered.split(separator: UInt8(ascii: "\n"))
            .filter { $0.starts(with: "@ ".utf8) }
            .map { String(decoding: $0.dropFirst(2), as: UTF8.self) }
        return .died(how: how, stage: stages.last, lastWords: lastWords)
    }

    /// The last line it printed, without control characters.
    private var lastWords: String {
        let text = String(decoding: printed, as: UTF8.self)
        guard let line = text.split(whereSeparator: \.isNewline).last else { return "" }
        let scalars = line.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
        return String(String.UnicodeScalarView(scalars.prefix(200)))
    }
}

/// A pipe whose ends are closed on exec; the reading end does not block.
private final class Pipe {
    private var read: FileDescriptor?
    let write: FileDescriptor

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // SAFETY(ends): two numbers that the call fills.
        guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe", errno) }
        let results = [
            fcntl(ends[0], F_SETFD, FD_CLOEXEC), fcntl(ends[1], F_SETFD, FD_CLOEXEC),
            fcntl(ends[0], F_SETFL, O_NONBLOCK),
        ]
        precondition(results == [0, 0, 0], "BUG: a pipe that takes no flags")
        read = FileDescriptor(owning: ends[0])
        write = FileDescriptor(owning: ends[1])
    }

    func takeReadEnd() -> FileDescriptor {
        guard let read = read.take() else { preconditionFailure("BUG: taken twice") }
        return read
    }
}
