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
