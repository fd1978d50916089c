// SPDX-License-Identifier: Apache-2.0
import MillraceGraph
import MillraceSystem
import MillraceWire

/// The executors of a run: how they begin, what they say, how they ended.
extension LocalRun {
    func startExecutors(of plan: Plan) throws(SystemError) {
        let executor = try ExecutorGroup(
            executable: executable, arguments: options.arguments, plan: plan
        ) { [self] event in
            receive(event)
        }
        do throws(SystemError) {
            for (number, part) in executor.parts.enumerated() {
                try poller.add(
                    part.child.descriptor, token: Token.firstChild + UInt64(number))
            }
        } catch {
            executor.end()
            throw error
        }
        shared.withLock {
            $0.executor = executor
            $0.last = nil
        }
        taps.begin()
    }

    /// On the thread that reads reports. Logs go out here: however many there are, they fill no
    /// queue of ours.
    func receive(_ event: ExecutorProcess.Event) {
        switch event {
        case .report(.log(let line)): onLog(line)
        case .report(.tapped(let page)): taps.put(page)
        case .report(let report): post(.report(report))
        case .channelEnded(let failure): post(.channelEnded(failure))
        }
    }

    /// Set once the last executor is gone.
    func ended(
        _ executor: ExecutorGroup, _ tokens: [UInt64]
    ) -> (part: Int, exit: ChildProcess.Exit, isClean: Bool)? {
        var last: (part: Int, exit: ChildProcess.Exit, isClean: Bool)?
        for token in tokens where token >= Token.firstChild && token != Poller.wakeToken {
            let number = Int(token - Token.firstChild)
            poller.remove(executor.parts[number].child.descriptor)
            last = executor.ended(number) ?? last
        }
        return last
    }

    func exited(
        _ executor: ExecutorGroup, _ number: Int, _ exit: ChildProcess.Exit, isClean: Bool
    ) -> RunMachine.Event {
        let part = executor.parts[number]
        let report = CrashReport(
            plan: executor.plan, executor: number, process: part.process(), boxes: part.boxes(),
            exit: exit, memoryWasShort: MemoryKills.count() > memoryKillsBefore)
        let isOutside = report.wasKilled && report.failure.code == .executorExited
        return .exited(
            clean: isClean, verdict: report.failure,
            origin: isOutside ? .outside : .ours, stepped: report.stepped)
    }
}
