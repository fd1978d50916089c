// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceCore
import MillraceGraph
import MillraceSystem

/// What is wrong with a command line, said the way everything else is said.
enum CommandWords {
    /// Longer than a command line can be (`getconf ARG_MAX`).
    private static let bytesMax = 8 << 20

    /// Refuses words that are no text, and a first word that is no command. Throws MR1003.
    static func check(_ words: [String], of root: any ParsableCommand.Type) throws(Failure) {
        if let number = words.firstIndex(where: { $0.contains("\u{FFFD}") }) {
            try checkText(of: number)
        }
        guard let first = words.dropFirst().first, !first.hasPrefix("-") else { return }
        let group = root.configuration.subcommands.first { $0._commandName == first }
        if let group, !group.configuration.subcommands.isEmpty {
            return try checkMember(words.dropFirst(2).first, of: group)
        }
        let commands = root.configuration.subcommands.map { $0._commandName }
        // `help` would answer with the help of everything.
        let meant = first == "help" ? words.dropFirst(2).first ?? "help" : first
        guard !meant.hasPrefix("-"), !(commands + ["help"]).contains(meant) else { return }
        throw Failure(
            .usage, "there is no command \(meant)",
            next: Nearest.question(meant, commands) ?? "millrace --help lists the commands")
    }

    /// A group may have a command that is meant without its name, and that takes files: a word
    /// that is neither a command nor a file is a slip.
    private static func checkMember(
        _ word: String?, of group: any ParsableCommand.Type
    ) throws(Failure) {
        let commands = group.configuration.subcommands.map { $0._commandName }
        guard let word, !word.hasPrefix("-"), !commands.contains(word), !word.contains("/"),
            !FileManager.default.fileExists(atPath: word)
        else { return }
        throw Failure(
            .usage, "there is no command \(group._commandName) \(word)",
            next: Nearest.question(word, commands)
                ?? "millrace \(group._commandName) --help lists them")
    }

    /// Bytes that are no UTF-8 arrive with a replacement in their place: a file of that name
    /// would not be found, or be another one.
    private static func checkText(of number: Int) throws(Failure) {
        guard let bytes = try? DurableFile.read("/proc/self/cmdline", limit: bytesMax) else {
            return
        }
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        guard number < words.count, String(validating: words[number], as: UTF8.self) == nil else {
            return
        }
        throw Failure(
            .usage, "word \(number) of the command line is no UTF-8 text",
            next: "give the file a name in UTF-8, or use standard input (-)")
    }

    /// The parser's sentence, and the command whose help it points to.
    static func failure(_ message: String, full: String) -> Failure {
        let help = full.split(separator: "'").first {
            $0.hasPrefix("millrace") && $0.contains("help")
        }
        let lines = message.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        var sentence = lines.first ?? "the command line is incomplete"
        if sentence.hasSuffix(".") { sentence.removeLast() }
        return Failure(
            .usage, sentence.prefix(1).lowercased() + sentence.dropFirst(),
            next: "\(help ?? "millrace --help") says what it takes")
    }
}
