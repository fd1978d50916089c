// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// The pages that an executor shares with its supervisor: black box and cells. Layout:
/// `mrr_pages.h`.
@safe package final class TaskPages: Sendable {
    private let blackBox: SharedPages
    private let cellPages: SharedPages
    private let tasks: Int

    private static let page = Int(MRR_PAGE)

    package static func blackBoxBytes(tasks: Int) -> Int { (1 + tasks) * page }
    package static func cellsBytes(tasks: Int) -> Int { (tasks + Int(MRR_HISTOGRAM_PAGES)) * page }

    /// Throws MR7202 when the pages are too small for the plan.
    package init(blackBox: SharedPages, cells: SharedPages, tasks: Int) throws(Failure) {
        guard blackBox.count >= Self.blackBoxBytes(tasks: tasks),
            cells.count >= Self.cellsBytes(tasks: tasks)
        else {
            throw Failure(
                .versionSkew, kind: .bug,
                "shared pages of \(blackBox.count) and \(cells.count) bytes for \(tasks) tasks",
                next: "use programs of one release")
        }
        self.blackBox = blackBox
        self.cellPages = cells
        self.tasks = tasks
        unsafe process.pointee.magic = MRR_BOX_MAGIC
        unsafe process.pointee.version = UInt32(MRR_BOX_VERSION)
        unsafe process.pointee.tasks = UInt32(tasks)
    }

    // SAFETY(process, box, cells): within the mappings, which live as long as this object; each
    // page has one writer, the thread that steps the task, or the control thread.
    @unsafe package var process: UnsafeMutablePointer<mrr_process_page> {
        unsafe blackBox.pointer.assumingMemoryBound(to: mrr_process_page.self)
    }

    func box(of task: Int) -> UnsafeMutablePointer<mrr_box> {
        precondition(task < tasks, "BUG: task \(task)")
        return unsafe (blackBox.pointer + (1 + task) * Self.page)
            .assumingMemoryBound(to: mrr_box.self)
    }

    func cells(of task: Int) -> UnsafeMutablePointer<mrr_cells> {
        precondition(task < tasks, "BUG: task \(task)")
        return unsafe (cellPages.pointer + task * Self.page)
            .assumingMemoryBound(to: mrr_cells.self)
    }

    /// Page `index` of those for histograms that operators make.
    @unsafe package func histogram(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index < Int(MRR_HISTOGRAM_PAGES), "BUG: histogram \(index)")
        return unsafe cellPages.pointer + (tasks + index) * Self.page
    }

    package static var histogramCount: Int { Int(MRR_HISTOGRAM_PAGES) }

    /// Who the task is, for the report of a crash.
    package func identify(task: Int, node: Int, instance: Int, plugin: [UInt8], since: Int64) {
        let box = unsafe box(of: task)
        unsafe box.pointee.magic = MRR_BOX_MAGIC
        unsafe box.pointee.version = UInt32(MRR_BOX_VERSION)
        unsafe box.pointee.node = UInt32(node)
        unsafe box.pointee.instance = UInt32(instance)
        unsafe withUnsafeMutableBytes(of: &box.pointee.plugin) {
            unsafe $0.copyBytes(from: plugin.prefix(32))
        }
        unsafe cells(of: task).pointee.since = since
    }

    package func setThread(_ thread: UInt64, of task: Int) {
        unsafe box(of: task).pointee.thread = thread
    }

    package enum ProcessState: UInt32 { case starting = 0, running = 1, leaving = 2 }

    package func setState(_ state: ProcessState) {
        unsafe process.pointee.state = state.rawValue
    }

    /// From now on `exit` is no crime: the executor ends itself.
    package static func leave(_ blackBox: SharedPages) {
        unsafe page(of: blackBox).pointee.state = ProcessState.leaving.rawValue
    }

    package static func beat(_ blackBox: SharedPages, now: Int64) {
        unsafe page(of: blackBox).pointee.heartbeat = now
    }

    @unsafe private static func page(
        of blackBox: SharedPages
    ) -> UnsafeMutablePointer<mrr_process_page> {
        unsafe blackBox.pointer.assumingMemoryBound(to: mrr_process_page.self)
    }

    /// Where the code of a library lies. More than there is room for are not listed.
    package func addModule(first: UInt, last: UInt, plugin: Int) {
        let used = unsafe Int(process.pointee.modules_used)
        guard used < Int(MRR_MODULES) else { return }
        unsafe withUnsafeMutableBytes(of: &process.pointee.modules) {
            unsafe $0.storeBytes(
                of: mrr_module(
                    first: UInt64(first), last: UInt64(last), plugin: UInt64(plugin)),
                toByteOffset: used * MemoryLayout<mrr_module>.stride, as: mrr_module.self)
        }
        unsafe process.pointee.modules_used = UInt64(used + 1)
    }
}
