// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MillraceAPI
import MillraceCore
import MillraceScreen
import MillraceSystem

/// Where a command writes: data on standard output, everything else on standard error.
struct Output: Sendable {
    enum Format: String, Sendable, CaseIterable { case text, json }
    enum Colour: String, Sendable, CaseIterable { case auto, always, never }

    var format: Format
    /// Only failures and data.
    var quiet: Bool
    var verbose: Bool
    private let colourOnError: Bool
    private let colourOnData: Bool

    /// Whether data is coloured.
    var coloursData: Bool { colourOnData }

    init(format: Format = .text, quiet: Bool = false, verbose: Bool = false, colour: Colour) {
        self.format = format
        self.quiet = quiet
        self.verbose = verbose
        let variables = ProcessInfo.processInfo.environment
        self.colourOnError = Output.colours(colour, variables, terminal: Terminal.isTTY(2))
        self.colourOnData = Output.colours(colour, variables, terminal: Terminal.isTTY(1))
    }

    /// The flag, then `NO_COLOR`, then `CLICOLOR_FORCE`, then whether it is a terminal that can.
    static func colours(_ wish: Colour, _ variables: [String: String], terminal: Bool) -> Bool {
        switch wish {
        case .always: return true
        case .never: return false
        case .auto:
            if variables["NO_COLOR"]?.isEmpty == false { return false }
            if let force = variables["CLICOLOR_FORCE"], force != "0" { return true }
            return terminal && variables["TERM"] != "dumb"
        }
    }

    /// A line of data. False when nobody reads any more.
    @discardableResult
    func data(_ line: String) -> Bool { StandardOutput.write(line + "\n") }

    /// Data that ends its lines itself.
    @discardableResult
    func text(_ text: String) -> Bool { StandardOutput.write(text) }

    /// A line for the person in front of it; not written when quiet.
    func note(_ line: String) {
        if !quiet { StandardError.write(line + "\n") }
    }

    /// A line that only `-v` shows.
    func detail(_ line: String) {
        if verbose { StandardError.write(line + "\n") }
    }

    /// What went wrong, with its next step.
    func failure(_ failure: Failure) {
        StandardError.write(paint(failure.description, onData: false) + "\n")
    }

    /// What a check has to say beside the data, even when quiet.
    func findings(_ text: String) {
        StandardError.write(paint(text, onData: false) + "\n")
    }

    /// What became of data that could not be written.
    struct Loss {
        /// It had enough: nobody is there to be told.
        var isReaderGone: Bool
        var failure: Failure
        /// Of a command that went well otherwise: as a shell tells of one that SIGPIPE ended, else
        /// that of the failure.
        var exitCode: Int32 { isReaderGone ? 128 + SIGPIPE : failure.code.exitCode }
    }

    /// What standard output refused; nil when all was written.
    static var lostData: Loss? {
        StandardOutput.refusal.map { refusal in
            let failure = Failure(
                .fileFailed, "standard output: \(refusal.reason)",
                next: "what was printed is not complete")
            return Loss(isReaderGone: refusal.number == EPIPE, failure: failure)
        }
    }

    /// Colours the words `error MR####`, `warning MR####` and `notice MR####` of rendered findings.
    func paint(_ text: String, onData: Bool) -> String {
        guard onData ? colourOnData : colourOnError else { return text }
        var out = text
        for (word, ink) in [("error", Ink.bad), ("warning", .doubtful), ("notice", .faint)] {
            out = out.replacingOccurrences(
                of: "\(word) MR", with: "\u{1B}[\(ink.rawValue);1m\(word)\u{1B}[0m MR")
        }
        return out
    }

    /// A word in colour, when data is coloured.
    func word(_ text: String, _ ink: Ink) -> String {
        colourOnData ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
    }
}
