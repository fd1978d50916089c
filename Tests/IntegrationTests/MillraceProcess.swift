// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The real program as a process, with folders of its own for sockets, caches and files.
///
/// The program and the bundled plugins are those of the folder that the tests were built into.
final class Sandbox {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("mr-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    static var program: URL {
        get throws {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let bundle = Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: tests)]
            let folders =
                bundle.flatMap {
                    [$0, $0.deletingLastPathComponent()]
                }
                + CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            let found = folders.map { $0.appendingPathComponent("millrace") }.first {
                FileManager.default.isExecutableFile(atPath: $0.path)
                    && !FileManager.default.folderExists($0.path)
            }
            return try #require(found, "millrace is not beside the tests: \(folders)")
        }
    }

    /// Writes a file and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let place = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: place)
        return place.path
    }

    /// Starts the program.
    func start(_ words: [String], variables: [String: String] = [:]) throws -> Running {
        try Running(Self.program, words, in: folder, variables)
    }

    /// Runs the program to its end.
    func run(_ words: String..., input: String = "") throws -> Running.Result {
        let running = try start(words)
        running.write(input)
        return running.end()
    }
}

extension FileManager {
    func folderExists(_ path: String) -> Bool {
        var isFolder = ObjCBool(false)
        return fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

/// A started program. Its outputs are collected while it runs, so it never waits for us.
final class Running {
    struct Result {
        var code: Int32
        var out: String
        var err: String

        var lines: [Substring] { out.split(separator: "\n") }

        /// The last line of standard output as a JSON object.
        func json() throws -> [String: Any] {
            let line = try #require(lines.last, "no output; standard error: \(err)")
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(value as? [String: Any])
        }
    }

    let process = Process()
    private let input = Pipe()
    private let out: Collector
    private let err: Collector
    /// Longer than any run of these tests; a test that waits so long has failed.
    private static let patience: TimeInterval = 60

    init(_ program: URL, _ words: [String], in folder: URL, _ variables: [String: String]) throws {
        let outPipe = Pipe()
        let errPipe = Pipe()
        out = Collector(outPipe)
        err = Collector(errPipe)
        process.executableURL = program
        process.arguments = words
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        for name in ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"] {
            environment[name] = folder.path
        }
        for name in ["MILLRACE_PLUGIN_PATH", "CLICOLOR_FORCE"] { environment[name] = nil }
        environment.merge(variables) { $1 }
        process.environment = environment
        process.standardInput = input
        process.standardOutput = outPipe
        process.standardError = errPipe
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    func write(_ text: String) {
        input.fileHandleForWriting.write(Data(text.utf8))
        try? input.fileHandleForWriting.close()
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// What was written to standard error so far, once `text` is in it.
    func waitForError(_ text: String) throws -> String {
        try #require(
            err.wait(for: text, patience: Self.patience), "`\(text)` never came: \(err.text)")
    }

    func end() -> Result {
        let watch = DispatchWorkItem { [process] in kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience, execute: watch)
        process.waitUntilExit()
        watch.cancel()
        let (out, err) = (out.finished(), err.finished())
        let signaled = process.terminationReason == .uncaughtSignal
        return Result(
            code: signaled ? -process.terminationStatus : process.terminationStatus, out: out,
            err: err)
    }
}

/// Reads a pipe to its end on a thread of its own.
private final class Collector: @unchecked Sendable {
    private let condition = NSCondition()
    // guarded by condition
    private var data = Data()
    private var isOver = false

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while true {
                let piece = handle.availableData
                condition.lock()
                if piece.isEmpty { isOver = true }
                data.append(piece)
                condition.broadcast()
                condition.unlock()
                if piece.isEmpty { return }
            }
        }
    }

    var text: String {
        condition.lock()
        defer { condition.unlock() }
        return String(decoding: data, as: UTF8.self)
    }

    /// nil when the pipe ends, or the patience, before the text has come.
    func wait(for wanted: String, patience: TimeInterval) -> String? {
        let limit = Date(timeIntervalSinceNow: patience)
        condition.lock()
        defer { condition.unlock() }
        while true {
            let text = String(decoding: data, as: UTF8.self)
            if text.contains(wanted) { return text }
            if isOver || !condition.wait(until: limit) { return nil }
        }
    }

    func finished() -> String {
        condition.lock()
        defer { condition.unlock() }
        while !isOver { condition.wait() }
        return String(decoding: data, as: UTF8.self)
    }
}
