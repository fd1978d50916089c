// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceHost
import MillraceSystem

/// Whose plugins: those of this account, or of everybody who uses this installation.
struct StoreOptions: ParsableArguments {
    enum Place: EnumerableFlag {
        case user, system

        static func help(for value: Place) -> ArgumentHelp? {
            switch value {
            case .user: "In the folder of this account ($XDG_DATA_HOME/millrace/plugins)."
            case .system: "In the folder of this installation (PREFIX/lib/millrace/plugins)."
            }
        }
    }

    @Flag var place = Place.user

    func store() throws(Failure) -> PluginStore {
        let executable = try PluginOptions.executable()
        let folder = SearchFolder.store(
            place == .user ? .user : .installation,
            environment: ProcessInfo.processInfo.environment, executable: executable)
        guard let folder else {
            throw Failure(
                .fileFailed, "this account has no folder for plugins",
                next: "set XDG_DATA_HOME or HOME to an absolute path")
        }
        return PluginStore(folder: folder, catalog: try PluginOptions.catalog([]))
    }
}

struct PluginAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Install plugins, so that every topology finds them.",
        discussion: """
            Each library is judged first, as every unknown one is; what cannot be used is not
            installed. An older version of the same plugin is replaced. Runs that use it go on
            with what they have loaded.
            """)

    @Argument(help: "Libraries, or folders: of a folder every .so in it.")
    var paths: [String]

    @OptionGroup var options: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let store = try options.store()
        var refused: Failure?
        for path in paths {
            for file in try PluginAddCommand.files(path) {
                do throws(Failure) {
                    let (record, addition) = try store.add(file)
                    tell(record, addition, output)
                } catch {
                    // One that cannot be used does not keep the others out.
                    output.failure(error)
                    refused = refused ?? error
                }
            }
        }
        if let refused { throw ExitCode(refused.code.exitCode) }
    }

    private func tell(
        _ record: PluginRecord, _ addition: PluginStore.Addition, _ output: Output
    ) {
        guard output.format == .text else {
            var members: [JSON.Member] = [
                .init("name", .string(record.name)), .init("version", .string(record.version)),
                .init("digest", .string(record.sha256)),
                .init("operators", .array(record.operators.map(JSON.string))),
            ]
            switch addition {
            case .added: members.append(.init("result", .string("added")))
            case .wasThere: members.append(.init("result", .string("unchanged")))
            case .replaced(let version):
                members.append(.init("result", .string("replaced")))
                members.append(.init("before", .string(version)))
            }
            output.data(JSON.object(members).text)
            return
        }
        let operators = record.operators.joined(separator: " ")
        switch addition {
        case .added: output.note("added \(record.name) \(record.version): \(operators)")
        case .wasThere: output.note("\(record.name) \(record.version) is installed already")
        case .replaced(let version):
            output.note(
                "\(record.name) \(version) replaced by \(record.version): \(operators)")
        }
        for warning in record.warnings { output.note("  warning  \(warning)") }
    }

    /// The path itself, or the libraries of a folder.
    private static func files(_ path: String) throws(Failure) -> [String] {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { return [path] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let files = names.filter { $0.hasSuffix(".so") }.sorted().map { path + "/" + $0 }
        guard !files.isEmpty else {
            throw Failure(
                .pluginNotFound, "no library (.so) lies in \(path)",
                next: "name the folder it is in")
        }
        return files
    }
}

struct PluginRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove plugins that were installed with add.")

    @Argument(help: "NAME, or NAME@VERSION.")
    var names: [String]

    @OptionGroup var options: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let store = try options.store()
        for name in names {
            let record = try store.remove(name) { RunningPlugins.jobs(that: $0) }
            output.note("removed \(record.name) \(record.version)")
        }
    }
}

/// What live runs of this account have loaded.
enum RunningPlugins {
    private struct List: Decodable {
        struct Plugin: Decodable { var digest: String }
        var items: [Plugin]
    }

    /// Ids of runs that use a content. A run of a release that does not say is not among them.
    static func jobs(that sha256: String) -> [String] {
        RunFolder.jobs().filter { job in
            guard let client = try? Client(job: job),
                let list = try? client.ask("/jobs/\(job)/plugins", as: List.self)
            else { return false }
            return list.items.contains { $0.digest == sha256 }
        }
    }
}
