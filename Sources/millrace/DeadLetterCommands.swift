// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Glibc
import MillraceAPI
import MillraceCore
import MillraceDelivery
import MillraceJobs
import MillraceSystem

struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "Look at records that operators refused, or try them again.",
        discussion: """
            They are kept in the state directory of a run, which may go on meanwhile. A run without
            one keeps them as long as it lives.

              millrace dlq list state
              millrace dlq show state/parse --code MR4001 --limit 3
              millrace dlq replay state/parse
              millrace dlq purge run-7f3a --since 1h
            """,
        subcommands: [
            DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterReplayCommand.self,
            DeadLetterPurgeCommand.self,
        ])
}

/// Which dead letters are meant, for all commands about them.
struct DeadLetterOptions: ParsableArguments {
    @Argument(
        help: "RUN, RUN/NODE, STATE-DIR or STATE-DIR/NODE. RUN is an id or a name.",
        completion: Completion.jobs)
    var target: String

    @Option(help: ArgumentHelp("Only those with this code, such as MR4001.", valueName: "code"))
    var code: String?

    @Option(
        help: ArgumentHelp("Only those of so long until now, such as 10m.", valueName: "duration"))
    var since: Span?

    /// A directory that is there is meant before a run; `job` is the run.
    func resolved() throws(Failure) -> (
        archive: LetterArchive, wish: LetterArchive.Wish, job: String?
    ) {
        if let code, FailureCode(text: code) == nil {
            throw Failure(.usage, "\(code) is no code", next: "write one such as MR4001")
        }
        var wish = LetterArchive.Wish(
            code: code, since: since.map { WallClock.now() - $0.nanoseconds })
        if let archive = LetterArchive(target) { return (archive, wish, nil) }
        if let slash = target.lastIndex(of: "/"),
            let archive = LetterArchive(String(target[..<slash]))
        {
            wish.node = String(target[target.index(after: slash)...])
            return (archive, wish, nil)
        }
        guard !target.hasPrefix("/"), !target.hasPrefix(".") else {
            throw Failure(
                .notFound, "\(target) is no state directory",
                next: "name the --state-dir of a run")
        }
        let named = try Target(target)
        let client: Client
        do throws(Failure) {
            client = try Client.named(named.job)
        } catch {
            guard error.code == .unknownJob else { throw error }
            throw Self.noFolder([target, named.job]) ?? error
        }
        wish.node = named.node
        let host = try client.ask("/info", as: HostView.self)
        guard let folder = host.stateFolder, let archive = LetterArchive(folder) else {
            throw Failure(
                .notFound, "\(client.job) keeps no dead letters: it has no state directory",
                next: "run it with --state-dir, or read NODE.errors in the topology")
        }
        return (archive, wish, client.job)
    }

    /// Of what is there and no job's folder; nil: none of them is there.
    private static func noFolder(_ paths: [String]) -> Failure? {
        guard let path = paths.first(where: { access($0, F_OK) == 0 }) else { return nil }
        guard access(path, R_OK | X_OK) == 0 || !TopologyInput.isFolder(path) else {
            return Failure(
                .storeFailed, "\(path) is a folder that this account may not read",
                next: "use the account that the run had")
        }
        return Failure(
            .notFound, "\(path) is no state directory, and no run is called so",
            next: "name the --state-dir of a run, or a run: `millrace ps` lists them")
    }

    /// Throws MR1003 for a limit that leaves nothing.
    func check(limit: Int?) throws(Failure) {
        if let limit, limit < 1 { throw Failure(.usage, "--limit: expected 1 or more") }
    }

    /// Letters on their way back to the node, or to any. A job that runs may take files away under
    /// us.
    func waiting(_ archive: LetterArchive, _ node: String?) -> Int {
        let replays = (try? archive.replays()) ?? []
        return replays.filter { (node ?? $0.file.node) == $0.file.node }
            .reduce(0) { $0 + $1.left }
    }

    /// For who is shown none, or nil: some are on their way back, as the caller has said.
    func none(_ archive: LetterArchive, _ wish: LetterArchive.Wish) throws(Failure) -> String? {
        let all = try archive.letters(.init())
        guard all.isEmpty else {
            let nodes = Set(all.map(\.node)).sorted().joined(separator: ", ")
            return "none of the \(Figures.count(all.count, "dead letter")) is meant; they are of "
                + nodes
        }
        return waiting(archive, nil) == 0 ? "nothing was refused" : nil
    }

    /// What is not open because it is on its way back.
    func tellWaiting(
        _ archive: LetterArchive, _ wish: LetterArchive.Wish, _ output: Output
    ) {
        let waiting = waiting(archive, wish.node)
        guard waiting > 0 else { return }
        output.note(
            "\(Figures.count(waiting, "dead letter")) given back by the next run with this "
                + "state directory")
    }
}

struct DeadLetterListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Count dead letters by node and code, with a sample of each."
    )

    @OptionGroup var options: DeadLetterOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("At most so many rows.", valueName: "count"))
    var limit: Int?

    func run() throws {
        let output = common.output
        try options.check(limit: limit)
        let (archive, wish, _) = try options.resolved()
        let letters = try archive.letters(wish)
        let groups = Dictionary(grouping: letters) { [$0.node, $0.code] }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(max(0, limit ?? .max))
        if output.format == .json {
            let items = groups.map { key, letters in
                JSON.object([
                    .init("node", .string(key[0])), .init("code", .string(key[1])),
                    .init("count", .int(Int64(letters.count))),
                    .init("first", .string(letters[0].when)),
                    .init("last", .string(letters[letters.count - 1].when)),
                    .init("sample", letters[letters.count - 1].object),
                ])
            }
            output.data(JSON.object([.init("items", .array(items)), .init("next", .null)]).text)
            return
        }
        options.tellWaiting(archive, wish, output)
        guard !groups.isEmpty else {
            if let text = try options.none(archive, wish) { output.note(text) }
            return
        }
        var table = TextTable([
            ("NODE", .left), ("CODE", .left), ("COUNT", .right), ("FIRST", .left),
            ("LAST", .left), ("SAMPLE", .left),
        ])
        for (key, letters) in groups {
            let last = letters[letters.count - 1]
            table.add([
                key[0], key[1], "\(letters.count)", letters[0].when, last.when,
                ShownText.line(last.value, most: 40),
            ])
        }
        for line in table.lines { output.data(line) }
        output.note("next: millrace dlq show \(options.target)")
    }
}

struct DeadLetterShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print dead letters in full, the newest last.")

    @OptionGroup var options: DeadLetterOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The newest so many.", valueName: "count"))
    var limit: Int?

    func run() throws {
        let output = common.output
        try options.check(limit: limit)
        let (archive, wish, _) = try options.resolved()
        let letters = try archive.letters(wish).suffix(max(0, limit ?? .max))
        if output.format == .json {
            let items = JSON.array(letters.map(\.object))
            output.data(JSON.object([.init("items", items), .init("next", .null)]).text)
            return
        }
        if letters.isEmpty {
            options.tellWaiting(archive, wish, output)
            if let text = try options.none(archive, wish) { output.note(text) }
        }
        for letter in letters {
            output.data(
                "\(letter.node)#\(letter.instance)  \(letter.code)  \(letter.when)  record "
                    + "\(letter.sequence) of lane \(letter.lane)")
            output.data("  why    \(letter.text)")
            if let key = letter.key { output.data("  key    \(ShownText.line(key))") }
            output.data("  value  \(ShownText.line(letter.value))")
        }
    }
}

struct DeadLetterPurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Remove dead letters for ever.")

    @OptionGroup var options: DeadLetterOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let (archive, wish, _) = try options.resolved()
        let count = try archive.purge(wish)
        if output.format == .json {
            output.data(JSON.object([.init("removed", .int(Int64(count)))]).text)
        } else {
            output.note("\(Figures.count(count, "dead letter")) removed")
            guard count == 0 else { return }
            options.tellWaiting(archive, wish, output)
            if let text = try options.none(archive, wish) { output.note(text) }
        }
    }
}

extension DeadLetter {
    fileprivate var when: String { Timestamp.text(nanosecondsSince1970: at) }

    /// As it is stored, with times for people.
    fileprivate var object: JSON {
        var members: [JSON.Member] = [
            .init("node", .string(node)), .init("instance", .int(Int64(instance))),
            .init("code", .string(code)), .init("text", .string(text)),
            .init("lane", .int(Int64(lane))),
            .init("sequence", .int(Int64(clamping: sequence))),
            .init("time", time.map { .string(Timestamp.text(nanosecondsSince1970: $0)) } ?? .null),
            .init("at", .string(when)),
        ]
        members.append(key.map { DeadLetter.member("key", $0) } ?? .init("key", .null))
        members.append(DeadLetter.member("value", value))
        return .object(members)
    }

    private static func member(_ name: String, _ bytes: [UInt8]) -> JSON.Member {
        if let text = String(validating: bytes, as: UTF8.self) { return .init(name, .string(text)) }
        return .init("\(name)_base64", .string(base64(bytes)))
    }
}
