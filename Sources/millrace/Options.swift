// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Flags that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: "How results are printed: text or json.")
    var format: Output.Format = .text

    @Flag(name: .shortAndLong, help: "Only results and failures.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "More of what happens.")
    var verbose = false

    @Option(help: "When to use colours: auto, always or never.")
    var color: Output.Colour = .auto

    var output: Output {
        Output(format: format, quiet: quiet, verbose: verbose, colour: color)
    }
}

extension Output.Format: ExpressibleByArgument {}
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
