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

    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let place = folder.appendingPathComponent(name)
        try Data(bytes).write(to: place)
        return place.path
    }

    /// A topology without an end, whose runs have no checkpoints.
    func withoutState() throws -> String {
        try file(
            "without-state.yaml",
            """
            millrace: 1
            checkpoint: {guarantee: at_most_once}
            nodes:
              in: {use: generate, with: {rate: 100/s}}
              out: {use: "null", from: in}
            """)
    }

    /// Runs a command of the system in the sandbox; its standard output.
    @discardableResult
    func shell(_ script: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = folder
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try? pipe.fileHandleForReading.close()
        return String(decoding: data, as: UTF8.self)
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(name))
    }

    /// Starts the program.
    func start(_ words: [String], variables: [String: String] = [:]) throws -> Running {
        try Running(Self.program, words, in: folder, variables)
    }

    /// Starts the program with standard input from what `script` writes.
    func start(_ words: [String], fedBy script: String) throws -> Running {
        let (feeder, pipe) = (Process(), Pipe())
        feeder.executableURL = URL(fileURLWithPath: "/bin/sh")
        feeder.arguments = ["-c", script]
        feeder.currentDirectoryURL = folder
        feeder.standardOutput = pipe
        feeder.standardInput = FileHandle.nullDevice
        try feeder.run()
        return try Running(Self.program, words, in: folder, [:], input: pipe)
    }

    /// Starts a run and waits until records flow; its id.
    func begin(_ words: String...) throws -> (running: Running, job: String) {
        let running = try start(["run"] + words)
        let text = try running.waitForError("watch: millrace top run-")
        let job = try #require(text.split { $0 == " " || $0 == "\n" }.last)
        return (running, String(job))
    }

    /// Waits for what only its files tell.
    func wait(for what: String, until isSo: () throws -> Bool) throws {
        let patience = Date() + 60
        while try !isSo() {
            try #require(Date() < patience, "\(what) never came")
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Waits until a checkpoint of a state directory counts: who leads, an attempt and a claim
    /// are in the log.
    func waitForCheckpoint(in state: String = "state") throws {
        let log = folder.appendingPathComponent("\(state)/log").path
        try wait(for: "a checkpoint") {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: log)) ?? []
            // What is being written has another name.
            return names.count { $0.allSatisfy(\.isNumber) } >= 3
        }
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
    /// Standard input of the program, for those who write piece by piece.
    var inputHandle: FileHandle { input.fileHandleForWriting }
    private let out: Collector
    private let err: Collector
    /// Longer than any run of these tests; a test that waits so long has failed.
    private static let patience: TimeInterval = 60

    init(
        _ program: URL, _ words: [String], in folder: URL, _ variables: [String: String],
        input given: Pipe? = nil
    ) throws {
        let outPipe = Pipe()
        let errPipe = Pipe()
        out = Collector(outPipe)
        err = Collector(errPipe)
        process.executableURL = program
        process.arguments = words
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        for name in ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME"] {
            environment[name] = folder.path
        }
        environment["XDG_DATA_HOME"] = folder.appendingPathComponent("data").path
        for name in ["MILLRACE_PLUGIN_PATH", "CLICOLOR_FORCE", "NO_COLOR"] {
            environment[name] = nil
        }
        environment.merge(variables) { $1 }
        process.environment = environment
        process.standardInput = given ?? input
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

    /// The process id of its executor, or of one of them; nil: it has none just now.
    func executor() throws -> Int32? { executors().first }

    /// The process ids of all its executors.
    func executors() -> [Int32] {
        let tasks = "/proc/\(process.processIdentifier)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        let children = threads.compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/children", encoding: .utf8)
        }
        return children.joined(separator: " ").split(separator: " ").compactMap { Int32($0) }.filter
        {
            // Probes of plugins are children, too.
            let words = try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8)
            return words?.split(separator: "\0").dropFirst().first == "executor"
        }
    }

    /// What was written to standard error so far, once `text` is in it.
    func waitForError(_ text: String) throws -> String {
        try #require(
            err.wait(for: text, patience: Self.patience), "`\(text)` never came: \(err.text)")
    }

    /// What was written to standard output so far, once `text` is in it.
    func waitForOutput(_ text: String) throws -> String {
        try #require(
            out.wait(for: text, patience: Self.patience),
            "`\(text)` never came: \(out.text.suffix(400)) \(err.text)")
    }

    /// Returns once the text has been written to standard output so many times.
    func waitForOutput(_ text: String, times: Int) throws {
        try #require(
            out.wait(for: text, times: times, patience: Self.patience) != nil,
            "`\(text)` did not come \(times) times: \(out.text)\(err.text)")
    }

    func end() -> Result {
        let watch = DispatchWorkItem { [process] in kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience, execute: watch)
        process.waitUntilExit()
        watch.cancel()
        let (out, err) = (out.finished(), err.finished())
        try? input.fileHandleForWriting.close()
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
                guard piece.isEmpty else { continue }
                // `Process` keeps its pipes, and dies of some thousand descriptors itself.
                try? handle.close()
                return
            }
        }
    }

    var text: String {
        condition.lock()
        defer { condition.unlock() }
        return String(decoding: data, as: UTF8.self)
    }

    /// nil when the pipe ends, or the patience, before the text has come.
    func wait(for wanted: String, times: Int = 1, patience: TimeInterval) -> String? {
        let limit = Date(timeIntervalSinceNow: patience)
        condition.lock()
        defer { condition.unlock() }
        while true {
            let text = String(decoding: data, as: UTF8.self)
            if text.components(separatedBy: wanted).count > times { return text }
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
