// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import MillraceAPI
import MillraceCore
import MillraceHost
import MillraceRuntime
import MillraceSystem

/// The program. Its two hidden commands are started by others, again and again, so they go
/// before the command line is parsed. Failures are told here, once.
@main
enum Program {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "executor": ExecutorEntry.run(Array(CommandLine.arguments.dropFirst(2)))
        case "probe": ProbeEntry.run(Array(CommandLine.arguments.dropFirst(2)))
        default: break
        }
        StandardStreams.reserve()
        // A reader that goes away, and a file that may not grow (`ulimit -f`), are told by the
        // write that fails.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        var code = exitCode(of: command)
        if let lost = Output.lostData {
            if !lost.isReaderGone { Output(colour: .ofCommandLine).failure(lost.failure) }
            if code == 0 { code = lost.exitCode }
        }
        exit(code)
    }

    private static func command() throws {
        try CommandWords.check(CommandLine.arguments, of: Millrace.self)
        var command = try Millrace.parseAsRoot()
        try command.run()
    }

    private static func exitCode(of body: () throws -> Void) -> Int32 {
        do {
            try body()
            return 0
        } catch let failure as Failure {
            Output(colour: .ofCommandLine).failure(failure)
            return failure.code.exitCode
        } catch {
            let code = Millrace.exitCode(for: error).rawValue
            if error is ExitCode { return code }
            // Asked for: help, the version, a script for completion.
            if code == 0 {
                Output(colour: .never).data(Millrace.fullMessage(for: error))
                return 0
            }
            let failure = CommandWords.failure(
                Millrace.message(for: error), full: Millrace.fullMessage(for: error))
            Output(colour: .ofCommandLine).failure(failure)
            return failure.code.exitCode
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
            RunCommand.self, CheckCommand.self, ShowCommand.self, ExplainCommand.self,
            NewCommand.self, PluginCommand.self, BenchCommand.self, PsCommand.self,
            StatusCommand.self, TopCommand.self, TapCommand.self, LogsCommand.self,
            StopCommand.self, SavepointCommand.self, DeadLetterCommand.self,
        ])
}
