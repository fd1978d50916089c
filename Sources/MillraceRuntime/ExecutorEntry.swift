// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire

/// The `executor` program: what a supervisor starts. See `ExecutorMessages` for the channel.
package enum ExecutorEntry {
    private typealias Channel = MessageChannel<ExecutorReport, ExecutorCommand>

    /// Obeys until it is told to stop, everything is drained, or the supervisor is gone.
    /// `--memory BYTES`: no more address space than that; `--log-level LEVEL`: what operators say
    /// below it is dropped.
    package static func run(_ arguments: [String] = []) -> Never {
        do {
            try ChildProcess.dieWithParent()
            obey(arguments)
            signal(SIGPIPE, SIG_IGN)
            signal(SIGXFSZ, SIG_IGN)
            let channel = Channel(
                try FileDescriptor(inherited: ControlChannel.channelDescriptor),
                frameBytesMax: ControlChannel.frameBytesMax)
            let blackBox = try SharedPages(inherited: ControlChannel.blackBoxDescriptor)
            let cells = try SharedPages(inherited: ControlChannel.cellsDescriptor)
            try Fault.install(blackBox)
            Heartbeat.start(blackBox)
            obey(channel, blackBox: blackBox, cells: cells)
        } catch {
            StandardError.write("millrace executor: \(error)\n")
            _exit(71)
        }
    }

    private static func obey(_ arguments: [String]) {
        for (flag, value) in zip(arguments, arguments.dropFirst()) {
            switch flag {
            case "--memory":
                // Sanitizers reserve more than any limit allows.
                guard let limit = UInt(value), !HostToolchain.isSanitized else { continue }
                ResourceLimit.addressSpace.set(limit)
            case "--log-level":
                guard let level = LogLine.Level(rawValue: value) else { continue }
                HostServices.shared.logLevel = level
            default: continue
            }
        }
    }

    private static func obey(
        _ channel: Channel, blackBox: SharedPages, cells: SharedPages
    ) -> Never {
        let leave: @Sendable () -> Void = {
            TaskPages.leave(blackBox)
            _exit(0)
        }
        let executor = Executor(
            pages: { tasks throws(Failure) in
                try TaskPages(blackBox: blackBox, cells: cells, tasks: tasks)
            },
            wires: wires,
            report: { try? channel.send($0) },
            leave: leave)
        try? channel.send(
            .hello(version: ControlChannel.version, release: Release.version, pid: getpid()))
        while let command = try? channel.receive() { executor.obey(command) }
        // The supervisor is gone: nobody is left to tell, and nothing may outlive it.
        leave()
        _exit(0)
    }
}

extension ExecutorEntry {
    /// nil: no lane of the plan leaves its executor.
    @Sendable private static func wires(_ plan: Plan) throws(Failure) -> WireMemory? {
        guard plan.crossingBytes > 0 else { return nil }
        do {
            let pages = try SharedPages(inherited: ControlChannel.wiresDescriptor)
            var bells: [Bell] = []
            for executor in 0..<plan.executorCount {
                bells.append(
                    try Bell(inherited: ControlChannel.firstBellDescriptor + Int32(executor)))
            }
            return WireMemory(pages, bells: bells)
        } catch {
            throw error.failure(.versionSkew)
        }
    }
}

/// Writes the time into the process page, so that a frozen executor can be told from a busy one.
enum Heartbeat {
    private static let milliseconds: Int32 = 100

    static func start(_ blackBox: SharedPages) {
        guard let poller = try? Poller() else { return }
        _ = try? PinnedThread(name: "heartbeat", stackBytes: PinnedThread.stackBytesMin) {
            while true {
                TaskPages.beat(blackBox, now: MonotonicClock.now())
                _ = try? poller.wait(milliseconds: milliseconds)
            }
        }
    }
}
