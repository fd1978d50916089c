// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem
import MillraceWire

/// What the poller of a run calls whom it waits for: region in the upper half, from 1 on, and the
/// executor's place in its group.
enum ChildToken {
    static let signals: UInt64 = 1

    static func token(_ region: RegionID, _ part: Int) -> UInt64 {
        UInt64(region) << 32 | UInt64(part)
    }

    static func child(_ token: UInt64) -> (region: RegionID, part: Int)? {
        guard token >> 32 > 0, token != Poller.wakeToken else { return nil }
        return (RegionID(token >> 32), Int(token & 0xffff_ffff))
    }
}

/// The executors of a run: how they begin, what they say, how they ended.
extension LocalRun {
    /// All executors of a region are gone.
    struct GroupEnding {
        var region: RegionID
        var group: ExecutorGroup
        /// The guilty one, and how it ended.
        var part: Int
        var exit: ChildProcess.Exit
        var isClean: Bool
    }

    func startExecutors(
        _ executors: [Int], of plan: Plan, for region: RegionID
    ) throws(SystemError) {
        let group = try ExecutorGroup(
            executable: executable, arguments: options.arguments, plan: plan, executors: executors
        ) { [self] event in
            receive(event, from: region)
        }
        do throws(SystemError) {
            for (number, part) in group.parts.enumerated() {
                try poller.add(part.child.descriptor, token: ChildToken.token(region, number))
            }
        } catch {
            group.end()
            throw error
        }
        shared.withLock { $0.groups[region] = group }
        taps.begin()
    }

    func group(of region: RegionID) -> ExecutorGroup? { shared.withLock { $0.groups[region] } }

    /// To whom it concerns; false when nobody takes it.
    func send(_ command: ExecutorCommand) -> Bool {
        let groups = Array(shared.withLock { $0.groups }.values)
        if case .tap(_, let wish) = command {
            return groups.first { $0.has(wish.node) }?.send(command) ?? false
        }
        return groups.map { $0.send(command) }.contains(true)
    }

    /// On the thread that reads reports. Logs go out here: however many there are, they fill no
    /// queue of ours.
    private func receive(_ event: ExecutorProcess.Event, from region: RegionID) {
        switch event {
        case .report(.log(let line)): onLog(line)
        case .report(.tapped(let page)): taps.put(page)
        case .report(let report): post(.report(report, region))
        case .channelEnded(let failure): post(.channelEnded(failure, region))
        }
    }

    /// Regions whose last executor is gone.
    func ended(_ tokens: [UInt64]) -> [GroupEnding] {
        let groups = shared.withLock { $0.groups }
        return tokens.compactMap { token -> GroupEnding? in
            guard let (region, part) = ChildToken.child(token), let group = groups[region] else {
                return nil
            }
            poller.remove(group.parts[part].child.descriptor)
            guard let last = group.ended(part) else { return nil }
            return GroupEnding(
                region: region, group: group, part: last.part, exit: last.exit,
                isClean: last.isClean)
        }
    }

    func exited(_ ending: GroupEnding) -> RunMachine.Event {
        let part = ending.group.parts[ending.part]
        let report = CrashReport(
            plan: ending.group.plan, executor: ending.group.executors[ending.part],
            process: part.process(), boxes: part.boxes(), exit: ending.exit,
            memoryWasShort: MemoryKills.count() > memoryKillsBefore)
        let isOutside = report.wasKilled && report.failure.code == .executorExited
        return .exited(
            clean: ending.isClean, verdict: report.failure, origin: isOutside ? .outside : .ours,
            stepped: report.stepped, region: ending.region)
    }

    func observations() -> [RunMachine.Observation] {
        shared.withLock { $0.groups }.map { observed($0.key, $0.value) }
    }

    func observed(_ region: RegionID, _ group: ExecutorGroup) -> RunMachine.Observation {
        var seen = group.observe(plan, keepsState: options.machine.keepsState)
        seen.region = region
        return seen
    }
}
