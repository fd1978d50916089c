// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceJobs
import MillraceSystem

struct SavepointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "savepoint", abstract: "Copy the state of a run that goes on into a folder.",
        discussion: """
            The folder needs nothing else: other runs begin from it, whatever becomes of this one.

              millrace savepoint create run-7f3a --to /backup/orders-1
              millrace savepoint show /backup/orders-1
              millrace run orders.yaml --from /backup/orders-1 --state-dir state
            """,
        subcommands: [SavepointCreateCommand.self, SavepointShowCommand.self])
}

struct SavepointCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a savepoint of a run, which goes on.",
        discussion: """
            The run takes a checkpoint now and copies it once it is committed. Returns when that is
            done; a command that is interrupted does not keep the run from it.
            """)

    @Argument(
        help: "The run: an id such as run-7f3a, or a name.", completion: Completion.jobs)
    var job: String

    @Option(
        help: ArgumentHelp(
            "The new folder; NAME-TIME in this one when left out.", valueName: "folder"),
        completion: .directory)
    var to: String?

    @OptionGroup var common: CommonOptions

    private struct Answer: Decodable { var job: String }
    private struct Answers: Decodable { var items: [SavepointView] }

    func run() throws {
        let named = try to.map { (to) throws(Failure) in
            try TopologyInput.folder(to, of: "--to")
        }
        let client = try Client.named(job)
        let path = try named ?? TopologyInput.absolute(Self.standardName(client))
        _ = try client.ask(
            "/jobs/\(client.job)/savepoints", verb: .post,
            sending: SavepointRequest(to: path).json, as: Answer.self)
        let made = try wait(for: path, client)
        if let problem = made.problem {
            throw problem.failure ?? Failure(.wrongState, problem.detail, next: problem.hint)
        }
        SavepointText.print(made, common.output)
    }

    /// `orders-20261201T093000Z`
    private static func standardName(_ client: Client) throws(Failure) -> String {
        let now = Timestamp.text(nanosecondsSince1970: WallClock.now())
        return "\(try client.status().name)-\(now.filter { $0 != "-" && $0 != ":" })"
    }

    /// Returns when it is done or has failed.
    private func wait(for path: String, _ client: Client) throws -> SavepointView {
        var told: (state: SavepointView.State, at: Int64) = (.done, MonotonicClock.now())
        while true {
            do throws(Failure) {
                let all = try client.ask("/jobs/\(client.job)/savepoints", as: Answers.self).items
                guard let last = all.last(where: { $0.savepoint == path }) else {
                    throw Failure(.unreachableState, kind: .bug, "\(client.job) forgot \(path)")
                }
                if last.state == .done || last.state == .failed { return last }
                tell(last, &told)
            } catch {
                if error.code == .unknownJob { return try Self.found(path, client.job) }
                guard error.kind == .transient else { throw error }
            }
            // Nobody wakes it: this is the pause between two looks.
            _ = try System.call { try Poller().wait(milliseconds: 20) }
        }
    }

    /// What takes longer than a second is told, once for each state.
    private func tell(
        _ seen: SavepointView, _ told: inout (state: SavepointView.State, at: Int64)
    ) {
        let now = MonotonicClock.now()
        guard seen.state != told.state, now - told.at >= 1_000_000_000 else { return }
        told = (seen.state, now)
        let epoch = seen.epoch.map { " \($0)" } ?? ""
        switch seen.state {
        case .waiting: common.output.note("waiting for a checkpoint to begin")
        case .taking: common.output.note("checkpoint\(epoch) is being taken")
        case .copying: common.output.note("checkpoint\(epoch) is being copied")
        case .done, .failed: break
        }
    }

    /// The run has gone before it answered: the folder knows.
    private static func found(_ path: String, _ job: String) throws(Failure) -> SavepointView {
        do throws(Failure) {
            return SavepointView(job: job, try Savepoint.read(path))
        } catch {
            guard error.code == .inputMissing else { throw error }
            throw Failure(
                .wrongState, "\(job) has ended or was killed, and \(path) is no whole savepoint",
                next: "its own messages say why; another savepoint may be made in the same folder")
        }
    }
}

struct SavepointShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Check that a savepoint is whole, and say what it is of.")

    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        let found = try Savepoint.read(TopologyInput.folder(folder, of: "<folder>"))
        let view = SavepointView(job: found.description.job, found)
        SavepointText.print(view, common.output)
        guard common.output.format == .text else { return }
        let facts = found.description
        common.output.data(
            "  of \(facts.job), taken \(Timestamp.text(nanosecondsSince1970: facts.taken)) by "
                + "millrace \(facts.release)")
        common.output.data("  nodes \(facts.nodes.joined(separator: ", "))")
    }
}

/// `savepoint /backup/orders-1  epoch 41, 1 file, 12 KiB of state, in 213ms`
enum SavepointText {
    static func print(_ view: SavepointView, _ output: Output) {
        guard output.format == .text else {
            output.data(view.json.text)
            return
        }
        var text = "savepoint \(view.savepoint)  epoch \(view.epoch ?? 0)"
        text += ", \(Figures.count(view.files ?? 0, "file"))"
        text += ", \(Figures.bytes(view.bytes ?? 0)) of state"
        if let took = view.tookSeconds { text += ", in \(Figures.duration(took))" }
        output.data(text)
    }
}

extension SavepointView {
    init(job: String, _ status: SavepointStatus) {
        self.init(job: job, savepoint: status.path, state: .waiting, asked: status.asked)
        tookSeconds = status.took.map { Double($0) / 1e9 }
        switch status.progress {
        case .waiting: state = .waiting
        case .taking(let epoch): (state, self.epoch) = (.taking, epoch)
        case .copying(let epoch): (state, self.epoch) = (.copying, epoch)
        case .written(let facts): add(facts)
        case .failed(let failure): (state, problem) = (.failed, Problem(failure))
        }
    }

    /// One that is there.
    init(job: String, _ savepoint: Savepoint) {
        self.init(
            job: job, savepoint: savepoint.path, state: .done, asked: savepoint.description.taken)
        add(savepoint.description)
    }

    private mutating func add(_ facts: Savepoint.Description) {
        (state, epoch, files, bytes) = (.done, facts.epoch, facts.files, facts.bytes)
    }
}
