// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceJobs

struct DeadLetterReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Send dead letters back into their job.",
        discussion: """
            The next run with the state directory gives them to the node that refused them, or to
            that of --to, with the key and the event time that they had, each exactly once. A run
            that goes on is stopped and started again for that; one that had finished goes on with
            them. What is refused again becomes a dead letter again.

              millrace dlq replay state/parse --code MR4001
              millrace dlq replay state --to repair --limit 10
              millrace dlq replay state --cancel
            """)

    @OptionGroup var options: DeadLetterOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("At most so many, the oldest.", valueName: "count"))
    var limit: Int?

    @Option(help: ArgumentHelp("Another node to give them to.", valueName: "node"))
    var to: String?

    @Flag(help: "Take back what no run has given yet: it is open again.")
    var cancel = false

    func validate() throws {
        guard cancel, limit != nil || to != nil || options.code != nil || options.since != nil
        else { return }
        throw ValidationError("--cancel takes back all, or all of STATE-DIR/NODE")
    }

    func run() throws {
        let (archive, wish, job) = try options.resolved()
        guard archive.isKept else {
            throw Failure(
                .wrongState,
                "this run keeps its dead letters no longer than it lives, and they "
                    + "would be given back by the next one",
                next: "run it with --state-dir")
        }
        if cancel {
            tellTakenBack(try archive.cancelReplays(of: wish.node))
        } else {
            try options.check(limit: limit)
            let sent = try archive.replay(wish, to: to, limit: limit)
            try tellSent(sent, archive, to ?? wish.node, job)
        }
    }

    private func tellTakenBack(_ cancelled: LetterArchive.Cancelled) {
        let output = common.output
        if output.format == .json {
            output.data(
                JSON.object([
                    .init("cancelled", .int(Int64(cancelled.letters))),
                    .init("damaged", .array(cancelled.damaged.map(JSON.string))),
                ]).text)
            return
        }
        for file in cancelled.damaged {
            output.note("\(file) was damaged and is removed: its dead letters are open again")
        }
        if cancelled.damaged.isEmpty || cancelled.letters > 0 {
            output.note("\(Figures.count(cancelled.letters, "dead letter")) open again")
        }
    }

    private func tellSent(
        _ sent: [(node: String, count: Int)], _ archive: LetterArchive, _ node: String?,
        _ job: String?
    ) throws {
        let output = common.output
        let waiting = options.waiting(archive, node)
        if sent.isEmpty, waiting == 0 {
            throw Failure(
                .notFound, "there is no such dead letter",
                next: "`millrace dlq list \(options.target)` shows those that are there")
        }
        if output.format == .json {
            let items = sent.map { node, count in
                JSON.object([.init("node", .string(node)), .init("count", .int(Int64(count)))])
            }
            output.data(
                JSON.object([
                    .init("items", .array(items)), .init("waiting", .int(Int64(waiting))),
                ]).text)
            return
        }
        if sent.isEmpty {
            output.note("none more: \(Figures.count(waiting, "dead letter")) sent back already")
        }
        for (node, count) in sent {
            output.note("\(Figures.count(count, "dead letter")) sent back to \(node)")
        }
        output.note(
            "next: \(job.map { "`millrace stop \($0)`, then " } ?? "")run the job again with "
                + "--state-dir \(archive.path), which gives them back")
    }
}
