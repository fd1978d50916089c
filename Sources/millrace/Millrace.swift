// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import MillraceAPI
import MillraceCore
import MillraceHost
import MillraceRuntime

/// The program. Its two hidden commands are started by others, again and again, so they go
/// before the command line is parsed. Failures are told here, once.
@main
enum Program {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "executor": ExecutorEntry.run()
        case "probe": ProbeEntry.run(Array(CommandLine.arguments.dropFirst(2)))
        default: break
        }
        // A reader that goes away is told by the write that fails.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Millrace.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            Output(colour: .ofCommandLine).failure(failure)
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
            RunCommand.self, CheckCommand.self, PluginCommand.self, BenchCommand.self,
            PsCommand.self, StatusCommand.self,
        ])
}
