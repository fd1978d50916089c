// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceJobs
import MillraceSystem

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Drain a run and end it; its state is kept.",
        discussion: """
            Returns when the run is over.
              millrace stop run-7f3a --savepoint /backup/orders-1
              millrace run orders.yaml --from /backup/orders-1 --state-dir state
            """)

    @Argument(
        help: "The run: an id such as run-7f3a, or a name.", completion: Completion.jobs)
    var job: String

    @Option(
        help: ArgumentHelp(
            "Copy the last checkpoint into this new folder, from which other runs can begin.",
            valueName: "folder"),
        completion: .directory)
    var savepoint: String?

    @Flag(help: "End it at once: nothing is drained.")
    var now = false

    @Option(help: ArgumentHelp("How long draining may take.", valueName: "duration"))
    var drainTimeout: Span?

    @OptionGroup var common: CommonOptions

    private struct Answer: Decodable { var job: String }

    func run() throws {
        guard !now || savepoint == nil else {
            throw Failure(
                .usage, "a savepoint is of a run that has drained",
                next: "leave out --now or --savepoint")
        }
        let path = try savepoint.map { (savepoint) throws(Failure) in
            try TopologyInput.folder(savepoint, of: "--savepoint")
        }
        let client = try Client.named(job)
        let request = StopRequest(
            now: now, savepoint: path, drainTimeout: drainTimeout?.nanoseconds)
        do throws(Failure) {
            _ = try client.ask(
                "/jobs/\(client.job)/stop", verb: .post, sending: request.json, as: Answer.self)
        } catch {
            // One that has nothing to drain may be gone before it could answer.
            guard error.code == .unknownJob else { throw error }
        }
        let last = try Self.wait(for: client)
        let kept = try path.map { (path) throws(Failure) in
            try Self.savepoint(path, client.job, last)
        }
        switch common.output.format {
        case .json:
            let place = path.map(JSON.string) ?? .null
            let members: [JSON.Member] = [
                .init("job", .string(client.job)), .init("savepoint", place),
                .init("epoch", kept?.epoch.map { .int(Int64(clamping: $0)) } ?? .null),
            ]
            common.output.data(JSON.object(members).text)
        case .text:
            common.output.note("\(client.job) is over")
            if let kept { SavepointText.print(kept, common.output) }
        }
    }

    /// What was seen of it last. Returns when nobody answers for the run any more.
    private static func wait(for client: Client) throws -> JobView? {
        var last: JobView?
        while true {
            do throws(Failure) {
                last = try client.status()
            } catch {
                if error.code == .unknownJob { return last }
                guard error.kind == .transient else { throw error }
            }
            // Nobody wakes it: this is the pause between two looks.
            _ = try System.call { try Poller().wait(milliseconds: 50) }
        }
    }

    /// The savepoint that the run has written; its own messages say why there is none.
    private static func savepoint(
        _ path: String, _ job: String, _ last: JobView?
    ) throws(Failure) -> SavepointView {
        do throws(Failure) {
            return SavepointView(job: job, try Savepoint.read(path))
        } catch {
            guard error.code == .inputMissing else { throw error }
            throw Failure(
                .storeFailed, "\(job) has ended without the savepoint \(path)",
                next: "its own messages say why; its state directory is as it was")
        }
    }
}
