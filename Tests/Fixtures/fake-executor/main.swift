// SPDX-License-Identifier: Apache-2.0
// An executor without operators, for tests of its supervisor: it speaks the protocol and then
// does what its first argument says. Plan: task 0 is a source, the last task is a sink.
import Glibc
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem
import MillraceWire

let mode = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "clean"
if mode == "supervise" { superviseForEver() }
if mode == "silent" { while true { pause() } }
if mode == "early-exit" { _exit(9) }
try ChildProcess.dieWithParent()

let pages = SharedAreas(
    blackBox: try SharedPages(inherited: ControlChannel.blackBoxDescriptor),
    cells: try SharedPages(inherited: ControlChannel.cellsDescriptor))
let channel = MessageChannel<ExecutorReport, ExecutorCommand>(
    try FileDescriptor(inherited: ControlChannel.channelDescriptor),
    frameBytesMax: ControlChannel.frameBytesMax)
try channel.send(
    .hello(
        version: mode == "newer" ? ControlChannel.version + 1 : ControlChannel.version,
        release: "fake", pid: getpid()))
do {
    while let command = try channel.receive() { try answer(command) }
} catch {
    if mode == "deaf" { while true { pause() } }
    _exit(96)
}

func answer(_ command: ExecutorCommand) throws {
    switch command {
    case .load(let plan, _):
        pages.fill(plan)
        try Fault.install(processPage: pages.blackBox.pointer)
        pages.startHeart(beats: mode != "no-heart")
        try channel.send(.loaded)
        if mode == "impatient" { try channel.send(.started(metrics: [])) }
    case .open:
        try channel.send(.opened)
        if mode == "open-fails" {
            try channel.send(.failed(Failure(.operatorFailed, node: "score", "create: no model")))
        }
    case .start:
        try channel.send(
            .started(metrics: [
                MetricCell(
                    task: 1, kind: .counter, name: "matched", unit: "records", help: "", index: 2)
            ]))
        try misbehave()
    case .drain:
        if mode != "stubborn" && mode != "hang" { try channel.send(.drained) }
    case .commit, .fence, .restore, .trigger, .giveUp, .complete, .endSteps, .close:
        break  // of runs with checkpoints, which it knows nothing of
    case .tap, .untap: break  // it has no records
    case .stop:
        pages.leave()
        try channel.send(.stopped)
        _exit(mode == "bad-exit" ? 4 : 0)
    }
}

/// On a thread of its own, as a loop would; the control thread goes on.
func misbehave() throws {
    switch mode {
    case "ends": try channel.send(.drained)
    case "fails": try channel.send(.failed(Failure(.operatorFailed, node: "score", "no more")))
    case "garbage": rawFrame(Array("garbage".utf8), length: 7)
    case "huge": rawFrame([], length: 1 << 30)
    case "deaf": close(ControlChannel.channelDescriptor)
    case "freeze": raise(SIGSTOP)
    case "log":
        try channel.send(.log(LogLine(level: .info, node: "score", text: "here I am")))
        try channel.send(.drained)
    case "killed":
        pages.enter(task: 1, call: .process)
        kill(getpid(), SIGKILL)
    default:
        let thread = try PinnedThread(name: "loop") { inPlugin() }
        _ = Unmanaged.passRetained(thread)
    }
}

func inPlugin() {
    let variable = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
    let isStranger = mode.hasPrefix("stranger-")
    variable.pointee =
        isStranger ? nil : pages.blackBox.pointer + BlackBox.offset(task: 1)
    do { try Fault.register(currentBox: variable) } catch { _exit(99) }
    if !isStranger { pages.enter(task: 1, call: .process) }
    if mode == "stranger-module" { pages.claimCode(plugin: 1) }
    switch mode {
    case "crash", "stranger-crash", "stranger-module": touch(0)
    case "abort": abort()
    case "raise": pthread_kill(pthread_self(), SIGFPE)
    case "overflow": _ = overflow(1)
    case "exit": exit(3)
    case "underscore-exit": _exit(5)
    case "hang": while true { pause() }
    default: pages.leaveCall(task: 1)
    }
}

func touch(_ address: UInt) {
    UnsafeMutablePointer<UInt8>(bitPattern: address + 0xdead0)?.pointee = 1
}

@inline(never) func overflow(_ n: Int) -> Int { n == 0 ? 0 : overflow(n + 1) + overflow(n + 2) }

func rawFrame(_ bytes: [UInt8], length: UInt32) {
    let frame = (0..<4).map { UInt8(length >> (8 * UInt32($0)) & 0xff) } + bytes
    _ = write(ControlChannel.channelDescriptor, frame, frame.count)
}
