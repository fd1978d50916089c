// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The forms that the results of a command have.
protocol ResultFormat: ExpressibleByArgument, CaseIterable, RawRepresentable<String>, Sendable {
    /// Without `-o`.
    static var standard: Self { get }
}

/// Flags of all commands, for a command whose results have these forms: another one is refused
/// with a list of them, and completed from it.
struct ResultOptions<Format: ResultFormat>: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("How results are printed.", valueName: "format"))
    var format = Format.standard

    @Flag(name: .shortAndLong, help: "Only results and failures.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "More of what happens.")
    var verbose = false

    @Option(help: ArgumentHelp("When to use colours.", valueName: "when"))
    var color: Output.Colour = .auto

    /// `output.format` is text for a form that only this command has.
    var output: Output {
        Output(
            format: Output.Format(rawValue: format.rawValue) ?? .text, quiet: quiet,
            verbose: verbose, colour: color)
    }
}

/// Flags of a command that prints text and JSON.
typealias CommonOptions = ResultOptions<Output.Format>

extension Output.Format: ResultFormat {
    static var standard: Output.Format { .text }
}

extension Output.Colour: ExpressibleByArgument {}

extension Output.Colour {
    /// The `--color` of the command line, for a failure that no command has an output for.
    static var ofCommandLine: Output.Colour {
        let words = CommandLine.arguments
        for (position, word) in words.enumerated() {
            let next = position + 1 < words.count ? words[position + 1] : ""
            let value = word == "--color" ? next : String(word.dropFirst("--color=".count))
            if word.hasPrefix("--color"), let wish = Output.Colour(rawValue: value) { return wish }
        }
        return .auto
    }
}
