// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how a run is doing, and what holds it up.")

    @Argument(
        help: "JOB, JOB/NODE or JOB/NODE#TASK. JOB is an id such as run-7f3a, or a name.",
        completion: Completion.jobs)
    var target: String

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print again every second, until the run is over.")
    var watch = false

    func run() throws {
        let output = common.output
        let target = try Target(self.target)
        let client = try Client.named(target.job)
        var isFirst = true
        try Watching.show(again: watch, output) { () throws(Failure) in
            defer { isFirst = false }
            do throws(Failure) {
                return try StatusCommand.lines(try client.status(), target, output)
            } catch {
                guard error.code == .unknownJob, !isFirst else { throw error }
                output.note("\(client.job) is over")
                return nil
            }
        }
    }

    static func lines(
        _ view: JobView, _ target: Target, _ output: Output
    ) throws(Failure) -> [String] {
        guard let name = target.node else {
            return output.format == .json ? [view.json.text] : StatusText.job(view, output)
        }
        let node = try view.node(name)
        guard let number = target.task else {
            return output.format == .json
                ? [node.json.text] : StatusText.node(node, job: view.job, only: nil)
        }
        let task = try node.task(String(number))
        return output.format == .json
            ? [task.json.text] : StatusText.node(node, job: view.job, only: number)
    }
}
