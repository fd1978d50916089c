// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import MillraceAPI
import MillraceCore
import MillraceHost

/// The program. Failures are told here, once.
@main
enum Program {
    static func main() {
        if CommandLine.arguments.dropFirst().first == "probe" {
            ProbeEntry.run(Array(CommandLine.arguments.dropFirst(2)))
        }
        // A reader that goes away is told by the write that fails.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Millrace.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            let colour = CommandLine.arguments.contains("--color=never") ? Output.Colour.never : .auto
            Output(colour: colour).failure(failure)
            exit(failure.code.exitCode)
        } catch {
            Millrace.exit(withError: error)
        }
    }
}

struct Millrace: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "A stream processor whose operators are plugins.",
        discussion: """
            Try  millrace run generate count=5 ! stdout
            Data goes to standard output, everything else to standard error.
            """,
        version: Release.version,
        subcommands: [
            PluginCommand.self, PsCommand.self, StatusCommand.self,
        ])
}
