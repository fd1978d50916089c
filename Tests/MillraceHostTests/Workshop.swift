// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceSystem
import Testing

@testable import MillraceHost

/// A folder for one test, removed with the last reference.
final class Workshop: Sendable {
    let folder: String

    init() throws {
        let path = FileManager.default.temporaryDirectory.path + "/millrace-host-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        folder = path
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: path(name)))
    }

    /// Compiles a plugin as a user would, and gives its path.
    @discardableResult
    func compile(
        _ source: String, to name: String, defines: [String] = [], flags: [String] = []
    ) throws -> String {
        let text = path(name + ".c")
        try Data(source.utf8).write(to: URL(filePath: text))
        let all =
            ["-w", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-I\(Place.headers)"]
            + ["-Wl,-z,noexecstack", "-pthread"] + defines.map { "-D\($0)" } + flags
        try Self.run("cc", all + [text, "-o", path(name)])
        return path(name)
    }

    /// A catalogue of its own cache and search path.
    func catalog(
        executable: String? = nil, folders: [SearchFolder] = [],
        probeNanoseconds: Int64 = Limits.probeNanoseconds
    ) throws -> PluginCatalog {
        try PluginCatalog(
            executable: executable ?? Place.millrace, cacheDirectory: path("cache"),
            searchPath: folders, probeNanoseconds: probeNanoseconds)
    }

    /// The record of one library.
    func record(
        of path: String, probeNanoseconds: Int64 = Limits.probeNanoseconds
    ) throws -> PluginRecord {
        let result = try catalog(probeNanoseconds: probeNanoseconds).scan(extra: [path])
        return try #require(result.plugins.first)
    }

    static func run(_ program: String, _ arguments: [String]) throws {
        let process = try ChildProcess(
            ChildProcess.Options(path: "/usr/bin/env", arguments: [program] + arguments))
        let exit = process.wait()
        try #require(exit == .exited(code: 0), "\(program) \(arguments.joined(separator: " "))")
    }
}

/// Where things lie.
enum Place {
    static let repository = #filePath.split(separator: "/").dropLast(3)
        .reduce(into: "") { $0 += "/" + $1 }
    static let headers = repository + "/include"

    /// The program that was built together with these tests.
    static let millrace: String = {
        guard let own = try? ChildProcess.ownExecutable(), let slash = own.lastIndex(of: "/") else {
            preconditionFailure("BUG: a process without a program")
        }
        return own[..<slash] + "/millrace"
    }()
}

/// Sources of plugins.
enum Specimen {
    /// A transform without a fault. Macros put one in: `PLUGIN`, `OPERATOR`, `PORT` and `PARAM`
    /// are assignments made before the tables are handed out, `ENTRY` runs in the entry function.
    static let transform = """
        #define _GNU_SOURCE
        #include <millrace/millrace.h>
        #include <fcntl.h>
        #include <fenv.h>
        #include <locale.h>
        #include <pthread.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <unistd.h>
        #ifndef NAME
        #define NAME "specimen"
        #endif
        #ifndef ID
        #define ID NAME
        #endif
        #ifndef PLUGIN
        #define PLUGIN
        #endif
        #ifndef OPERATOR
        #define OPERATOR
        #endif
        #ifndef PORT
        #define PORT
        #endif
        #ifndef PARAM
        #define PARAM
        #endif
        #ifndef ENTRY
        #define ENTRY
        #endif
        #ifndef EXTENSION
        #define EXTENSION
        #endif
        #ifndef LOAD
        #define LOAD NULL
        #endif
        #ifndef OUTSIDE
        #define OUTSIDE
        #endif
        static mr_status create(const mr_operator *s, const mr_host *h, mr_ctx *c,
                                const mr_config *g, void **op) { *op = NULL; return MR_OK; }
        static void destroy(void *op) {}
        static mr_status start(void *op, const mr_start *i) { return MR_OK; }
        static mr_status process(void *op, const mr_batch *b, mr_work *w) { return MR_OK; }
        static mr_state state = {sizeof state};
        static mr_source source = {sizeof source};
        static const void *extension(const mr_operator *s, const char *id) {
          EXTENSION;
          return NULL;
        }
        OUTSIDE
        static mr_param param = {sizeof param, MR_P_INT, .name = "n", .doc = "A number.",
                                 .default_value = "3", .minimum = "1", .maximum = "9"};
        static mr_param second = {sizeof second, MR_P_STRING, .name = "text", .doc = "A text."};
        static mr_choice choices[] = {{"a", "first"}, {"b", "second"}};
        static const mr_param *params[] = {&param, &second};
        static mr_port in = {sizeof in, 0, "in", "Any record.", "any"};
        static mr_port out = {sizeof out, 0, "out", "The same.", "same(in)", 1, 0, 1};
        static const mr_port *ins[] = {&in, NULL}, *outs[] = {&out, NULL};
        static mr_operator table = {
            .struct_size = sizeof table, .id = ID, .version = "1.0.0", .params = params,
            .inputs = ins, .outputs = outs, .param_count = 2, .input_count = 1,
            .output_count = 1, .create = create, .destroy = destroy, .start = start,
            .process = process, .extension = extension};
        static const mr_operator *tables[] = {&table, &table};
        static mr_plugin plugin = {sizeof plugin, MR_ABI_VERSION, 0x10000, 1, tables, NAME,
                                   "1.0.0", NULL, NULL, LOAD};
        MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *h) {
          PLUGIN; OPERATOR; PORT; PARAM; ENTRY;
          return &plugin;
        }
        """
}
