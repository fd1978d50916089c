// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceSystem
import Testing

struct ChildProcessTests {
    private func shell(
        _ script: String, environment: [String]? = nil, directory: String? = nil,
        descriptors: [(from: Int32, to: Int32)] = [], blocks: Bool = false
    ) throws -> ChildProcess {
        try ChildProcess(
            .init(
                path: "/bin/bash", arguments: ["-c", script], environment: environment,
                directory: directory, descriptors: descriptors, blocksTerminalSignals: blocks))
    }

    /// What the script writes to its standard output.
    private func output(
        of script: String, environment: [String]? = nil, directory: String? = nil,
        descriptors: [(from: Int32, to: Int32)] = []
    ) throws -> String {
        var ends: [Int32] = [0, 0]
        #expect(mrshim_socket_pair(&ends) == 0)
        defer { close(ends[0]) }
        let child = try shell(
            script, environment: environment, directory: directory,
            descriptors: descriptors + [(ends[1], 1)])
        close(ends[1])
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var text: [UInt8] = []
        while true {
            let size = read(ends[0], &buffer, buffer.count)
            guard size > 0 else { break }
            text += buffer[..<size]
        }
        #expect(child.wait() == .exited(code: 0))
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `an exit status and a signal are told apart`() throws {
        #expect(try shell("exit 7").wait() == .exited(code: 7))
        let child = try shell("kill -SEGV $$; sleep 60")
        #expect(child.wait() == .signaled(SIGSEGV))
        #expect(child.poll() == .signaled(SIGSEGV))
    }

    @Test func `a program that is not there is an error with its path`() {
        let error = #expect(throws: SystemError.self) {
            _ = try ChildProcess(.init(path: "/no/such/program"))
        }
        #expect(error?.number == ENOENT)
        #expect(
            error.map { "\($0)" } == "/no/such/program: posix_spawn: No such file or directory")
    }

    @Test func `descriptors may change places on their way`() throws {
        var first: [Int32] = [0, 0]
        var second: [Int32] = [0, 0]
        #expect(mrshim_socket_pair(&first) == 0 && mrshim_socket_pair(&second) == 0)
        defer { (first + second).forEach { close($0) } }
        _ = write(first[1], "one\n", 4)
        _ = write(second[1], "two\n", 4)
        // Their own numbers, crossed over; a naive sequence of dup2 would lose one of them.
        let crossed = [(first[0], second[0]), (second[0], first[0])]
        let text = try output(
            of: "read a <&\(second[0]); read b <&\(first[0]); echo $a $b",
            descriptors: crossed.map { (from: $0.0, to: $0.1) })
        #expect(text == "one two\n")
    }

    @Test func `what is not passed on is closed`() throws {
        let pages = try SharedPages(name: "secret", count: 4_096)
        let text = try output(of: "ls -l /proc/self/fd | grep -c secret; true")
        #expect(text == "0\n")
        let passed = try output(
            of: "ls -l /proc/self/fd | grep -c secret", descriptors: [(pages.descriptor, 5)])
        #expect(passed == "1\n")
    }

    @Test func `environment and folder are those asked for`() throws {
        #expect(
            try output(of: "echo $A; pwd", environment: ["A=b"], directory: "/usr") == "b\n/usr\n")
    }

    @Test func `a child that blocks terminal signals lives through them`() throws {
        let child = try shell("kill -INT $$; kill -TERM $$; exit 3", blocks: true)
        #expect(child.wait() == .exited(code: 3))
        let other = try shell("kill -TERM $$; exit 3")
        #expect(other.wait() == .signaled(SIGTERM))
    }

    @Test func `a child without a holder is ended`() throws {
        var child: ChildProcess? = try shell("exec sleep 600")
        let pid = try #require(child?.pid)
        let handle = FileDescriptor(owning: mrshim_pidfd(pid))
        child = nil
        let poller = try Poller()
        try poller.add(handle.number, token: 1)
        #expect(try poller.wait(milliseconds: -1) == [1])
    }
}
