// SPDX-License-Identifier: Apache-2.0
// The state of `millrace top`, without clock, terminal or socket: events go in, actions come out.
//
//     page   JOBS --Enter--> JOB --Enter--> NODE --Escape, Left, Backspace--> JOB --…--> JOBS
//            JOBS --where nothing ran, there is one run now--> JOB
//            With a run named on the command line JOB is the first page, and its end is ours.
//     help   h, ? --> shown; any key --> hidden, and the key does nothing else
//     pause  Space --> looks are kept, but not shown --Space--> the newest one is shown
//     size   too small --> keys other than q do nothing; larger --> all is as before
import MillraceAPI

/// What was seen at one instant.
package struct TopLook: Hashable, Sendable {
    /// Runs that live, by id.
    package var jobs: [JobView]
    /// Runs that did not answer, with the seconds since they did; their views are the last ones.
    package var silent: [String: Double]

    package init(jobs: [JobView], silent: [String: Double] = [:]) {
        self.jobs = jobs
        self.silent = silent
    }
}

package struct Top: Sendable {
    package enum Event: Hashable, Sendable {
        case key(Key)
        case resized(ScreenSize)
        case looked(TopLook)
        /// SIGINT, SIGTERM and the like.
        case signal(Int32)
        /// ^Z, before we stop.
        case suspended
        /// After we have been stopped, however that came.
        case resumed
        /// Nobody reads what we draw.
        case terminalGone
    }

    package enum Action: Hashable, Sendable {
        case draw
        /// Everything, whatever the terminal shows.
        case redraw
        case suspend
        case quit(Ending)
    }

    package enum Ending: Hashable, Sendable {
        case asked
        case signal(Int32)
        /// The run that was named is over.
        case runEnded(String)
        case terminalGone
    }

    package enum Page: Hashable, Sendable {
        case jobs
        case job(String)
        case node(job: String, node: String)
    }

    /// The run named on the command line.
    let fixedJob: String?
    /// `1s`: how often there is a new look.
    let interval: String
    package internal(set) var page: Page
    package internal(set) var size: ScreenSize
    package internal(set) var isPaused = false
    package internal(set) var showsHelp = false
    package internal(set) var sort: NodeColumn?
    /// What is drawn; nil before the first look.
    package internal(set) var look: TopLook?
    /// Came while paused.
    private var unseen: TopLook?
    /// The run of the page, as it was last seen, once it is over.
    private(set) var ended: JobView?
    /// The selected row of each kind of page, by name: rows may change places.
    private(set) var selectedJob: String?
    private(set) var selectedNode: String?
    private(set) var selectedTask: Int?
    /// The first row that is drawn.
    private(set) var scroll = 0

    /// `job` is an id; `interval` only for being shown.
    package init(job: String?, interval: String, sort: NodeColumn?, size: ScreenSize) {
        fixedJob = job
        self.interval = interval
        self.sort = sort
        self.size = size
        page = job.map(Page.job) ?? .jobs
    }

    package mutating func handle(_ event: Event) -> [Action] {
        defer { keepSelectionInSight() }
        switch event {
        case .key(let key): return handle(key)
        case .resized(let size):
            self.size = size
            return [.redraw]
        case .looked(let look): return handle(look)
        case .signal(let number): return [.quit(.signal(number))]
        case .suspended: return [.suspend]
        case .resumed: return [.redraw]
        case .terminalGone: return [.quit(.terminalGone)]
        }
    }

    private mutating func handle(_ new: TopLook) -> [Action] {
        if let job = fixedJob, !new.jobs.contains(where: { $0.job == job }) {
            return [.quit(.runEnded(job))]
        }
        if isPaused {
            unseen = new
            return []
        }
        if page == .jobs, jobs.isEmpty, new.jobs.count == 1 { page = .job(new.jobs[0].job) }
        show(new)
        return [.draw]
    }

    /// A run that is shown and over stays as it was last seen.
    private mutating func show(_ new: TopLook) {
        var new = new
        if let job = shownJob, !new.jobs.contains(where: { $0.job == job.job }) {
            ended = job
        } else if shownJobName != nil {
            ended = nil
        }
        new.jobs.sort { $0.job < $1.job }
        look = new
    }
}

// MARK: - keys

extension Top {
    private mutating func handle(_ key: Key) -> [Action] {
        if key == .character("q") { return [.quit(.asked)] }
        guard !TopScreen.isTooSmall(size) else { return [] }
        if showsHelp {
            showsHelp = false
            return [.draw]
        }
        switch key {
        case .character("h"), .character("?"): showsHelp = true
        case .character(" "): togglePause()
        case .character("s"): sortByNext(1)
        case .character("S"): sortByNext(-1)
        case .up, .character("k"): move(by: -1)
        case .down, .character("j"): move(by: 1)
        case .pageUp: move(by: -max(1, TopScreen.bodyRows(self)))
        case .pageDown: move(by: max(1, TopScreen.bodyRows(self)))
        case .home, .character("g"): move(by: -rowCount)
        case .end, .character("G"): move(by: rowCount)
        case .enter, .right, .character("l"): goDeeper()
        case .escape, .left, .backspace: goBack()
        default: return []
        }
        return [.draw]
    }

    private mutating func togglePause() {
        isPaused.toggle()
        guard !isPaused, let new = unseen else { return }
        unseen = nil
        show(new)
    }

    /// No column, which is the order of the flow, then each column, and round again.
    private mutating func sortByNext(_ step: Int) {
        let orders: [NodeColumn?] = [nil] + NodeColumn.all
        let here = orders.firstIndex(of: sort) ?? 0
        sort = orders[(here + step + orders.count) % orders.count]
    }

    private mutating func move(by rows: Int) {
        guard rowCount > 0 else { return }
        let row = min(max((selectedRow ?? 0) + rows, 0), rowCount - 1)
        switch page {
        case .jobs: selectedJob = jobs[row].job
        case .job: selectedNode = nodes[row].id
        case .node: selectedTask = row
        }
    }

    private mutating func goDeeper() {
        guard let row = selectedRow else { return }
        switch page {
        case .jobs: page = .job(jobs[row].job)
        case .job(let job): page = .node(job: job, node: nodes[row].id)
        case .node: return
        }
        scroll = 0
        selectedTask = nil
        if case .job = page { selectedNode = nil }
    }

    private mutating func goBack() {
        switch page {
        case .jobs: return
        case .job:
            guard fixedJob == nil else { return }
            page = .jobs
            ended = nil
        case .node(let job, _): page = .job(job)
        }
        scroll = 0
    }
}

// MARK: - what is shown

extension Top {
    var jobs: [JobView] { look?.jobs ?? [] }

    private var shownJobName: String? {
        switch page {
        case .jobs: nil
        case .job(let job), .node(let job, _): job
        }
    }

    /// The run of the page, alive or as it was last seen.
    var shownJob: JobView? {
        guard let name = shownJobName else { return nil }
        return jobs.first { $0.job == name } ?? (ended?.job == name ? ended : nil)
    }

    /// Nodes of the shown run, sorted.
    var nodes: [NodeView] {
        guard let job = shownJob else { return [] }
        return sort?.sorted(job.nodes) ?? job.nodes
    }

    var shownNode: NodeView? {
        guard case .node(_, let node) = page else { return nil }
        return shownJob?.nodes.first { $0.id == node }
    }

    var rowCount: Int {
        switch page {
        case .jobs: jobs.count
        case .job: nodes.count
        case .node: shownNode?.tasks.count ?? 0
        }
    }

    /// nil when the table is empty.
    var selectedRow: Int? {
        guard rowCount > 0 else { return nil }
        switch page {
        case .jobs: return jobs.firstIndex { $0.job == selectedJob } ?? 0
        case .job: return nodes.firstIndex { $0.id == selectedNode } ?? 0
        case .node: return min(selectedTask ?? 0, rowCount - 1)
        }
    }

    private mutating func keepSelectionInSight() {
        let room = max(1, TopScreen.bodyRows(self))
        let row = selectedRow ?? 0
        scroll = min(scroll, row)
        if row >= scroll + room { scroll = row - room + 1 }
        scroll = max(0, min(scroll, rowCount - room))
    }
}
