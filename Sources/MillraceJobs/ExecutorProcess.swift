// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire
import Synchronization

/// One executor child with everything that belongs to it: process, channel and shared pages.
///
/// `end` has to be called; after it nothing of it is left but the pages, which go with the object.
package final class ExecutorProcess: Sendable {
    package enum Event: Sendable {
        case report(ExecutorReport)
        /// nil: the executor closed it.
        case channelEnded(Failure?)
    }

    package let child: ChildProcess
    package let blackBox: SharedPages
    package let cells: SharedPages
    private let tasks: Int
    private let channel: MessageChannel<ExecutorCommand, ExecutorReport>
    private let reader: Mutex<PinnedThread?>

    /// A sender waits so long for an executor that does not read.
    private static let sendSeconds = 10

    /// Starts `executable` with `arguments`; it inherits `descriptors` beside its own. The calling
    /// thread must live as long as the executor, which dies with it. `onEvent` is called on a
    /// thread of its own, one event at a time.
    package init(
        executable: String, arguments: [String], tasks: Int,
        descriptors: [(from: Int32, to: Int32)] = [],
        onEvent: @escaping @Sendable (Event) -> Void
    ) throws(SystemError) {
        self.tasks = tasks
        blackBox = try SharedPages(
            name: "millrace-black-box", count: BlackBox.byteCount(tasks: tasks))
        cells = try SharedPages(name: "millrace-cells", count: Cells.byteCount(tasks: tasks))
        var pair = try SocketPair()
        let ours = pair.takeFirst()
        let theirs = pair.takeSecond()
        child = try ChildProcess(
            .init(
                path: executable, arguments: arguments, environment: Self.environment(),
                descriptors: [
                    (theirs.number, ControlChannel.channelDescriptor),
                    (blackBox.descriptor, ControlChannel.blackBoxDescriptor),
                    (cells.descriptor, ControlChannel.cellsDescriptor),
                ] + descriptors, blocksTerminalSignals: true))
        // Ours is closed here, or the end of the child would not be the end of the channel.
        _ = consume theirs
        let channel = MessageChannel<ExecutorCommand, ExecutorReport>(
            ours, frameBytesMax: ControlChannel.frameBytesMax,
            sendSeconds: Self.sendSeconds)
        self.channel = channel
        reader = Mutex(nil)
        let thread = try PinnedThread(name: "mr-reports") {
            Self.read(channel, onEvent)
        }
        reader.withLock { $0 = thread }
    }

    deinit {
        precondition(reader.withLock { $0 == nil }, "BUG: an executor that was never ended")
    }

    /// False when the executor does not take it: it is gone, or does not read.
    package func send(_ command: ExecutorCommand) -> Bool {
        do {
            try channel.send(command)
            return true
        } catch {
            return false
        }
    }

    package func kill() { child.kill(9) }

    /// Kills it if it still runs, waits for its end, and for the last event. Then `onEvent` is
    /// not called any more.
    package func end() {
        let thread = reader.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let thread else { return }
        if child.poll() == nil { kill() }
        _ = child.wait()
        // What was sent before is still read; a grandchild that has the other end is not waited
        // for.
        channel.close()
        thread.join()
    }

    /// The tasks that are inside their plugin just now.
    package func calls() -> [Watchdog.Call] {
        var found: [Watchdog.Call] = []
        for task in 0..<tasks {
            let offset = BlackBox.offset(task: task)
            guard
                blackBox.word32(at: offset + BlackBox.stateOffset)
                    == BlackBoxPage.State.inPlugin.rawValue,
                let box = box(of: task), box.state == .inPlugin
            else { continue }
            found.append(Watchdog.Call(task: task, box: box))
        }
        return found
    }

    package func process() -> ProcessPage? {
        ProcessPage(blackBox.bytes(at: 0, count: BlackBox.pageBytes))
    }

    package func box(of task: Int) -> BlackBoxPage? {
        BlackBoxPage(
            blackBox.bytes(at: BlackBox.offset(task: task), count: BlackBox.pageBytes))
    }

    /// Every page that can be read, by task.
    package func boxes() -> [Int: BlackBoxPage] {
        var all: [Int: BlackBoxPage] = [:]
        for task in 0..<tasks { all[task] = box(of: task) }
        return all
    }

    package func cells(of task: Int) -> CellsPage {
        let bytes = cells.bytes(at: Cells.offset(task: task), count: Cells.pageBytes)
        guard let page = CellsPage(bytes) else { preconditionFailure("BUG: not a page") }
        return page
    }

    /// The counters that are looked at ten times a second.
    package func counters(of task: Int) -> (
        recordsIn: UInt64, queue: UInt64, quarantined: UInt64, restored: UInt64
    ) {
        let page = Cells.offset(task: task)
        return (
            cells.word64(at: page + Cells.recordsInOffset),
            cells.word64(at: page + Cells.queueOffset),
            cells.word64(at: page + Cells.quarantinedOffset),
            cells.word64(at: page + Cells.restoredOffset)
        )
    }

    package func histogram(_ number: Int) -> Histogram? {
        guard (0..<Cells.histogramPages).contains(number) else { return nil }
        return Histogram(
            page: cells.bytes(
                at: Cells.offset(histogram: number, tasks: tasks), count: Cells.pageBytes))
    }

    /// Ours, but without Swift's own tool for crashes: it would be a process that outlives the
    /// executor and keeps its descriptors. The stamp tells what is needed.
    private static func environment() -> [String] {
        ChildProcess.ownEnvironment().filter { !$0.hasPrefix("SWIFT_BACKTRACE=") }
            + ["SWIFT_BACKTRACE=enable=no"]
    }

    private static func read(
        _ channel: MessageChannel<ExecutorCommand, ExecutorReport>,
        _ onEvent: (Event) -> Void
    ) {
        do {
            while let report = try channel.receive() { onEvent(.report(report)) }
            onEvent(.channelEnded(nil))
        } catch let failure as Failure {
            onEvent(.channelEnded(failure))
        } catch {
            // The system's own errors say no more than the end does.
            onEvent(.channelEnded(nil))
        }
    }
}
