// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore

struct PsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List the runs of this account on this machine.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print again every second.")
    var watch = false

    func run() throws {
        let output = common.output
        RunState.sweep()
        let lookout = Lookout(job: nil)
        try Watching.show(again: watch, output) { () throws(Failure) in
            let look = try lookout.look()
            let views = look.jobs
            let silent = look.silent.keys.sorted()
            if !silent.isEmpty { output.note(Client.told(silent)) }
            switch output.format {
            case .json:
                let items = JSON.array(views.map(\.summary))
                return [JSON.object([.init("items", items), .init("next", .null)]).text]
            case .text:
                guard views.isEmpty && !watch else { return StatusText.list(views) }
                guard silent.isEmpty else { return [] }
                output.note("nothing runs; try  millrace run generate count=5 ! stdout")
                return []
            }
        }
    }
}
