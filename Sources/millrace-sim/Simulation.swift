// SPDX-License-Identifier: Apache-2.0
// One seed, from its first step to its verdict. Each step one part of the world moves, which one
// is chance: a task, a message, a request, time. First with faults; then they stop, and the job has
// to come to its end within a bound. What is checked is in `Checker`.
import MillraceCore
import MillraceDelivery

struct Simulation {
    struct Verdict {
        var violation: String?
        var steps: Int
    }

    private let world: World
    /// The one that leads, and at most one that was passed over and does not know it.
    private var supervisors: [SimulatedSupervisor] = []
    private var steps = 0

    /// Without faults a job needs some hundred steps; most of the bound is waiting.
    static let calmStepsMax = 20_000
    private static let hurryNanoseconds: Int64 = 4_000_000

    init(seed: UInt64, rules: ProtocolRules) { world = World(seed: seed, rules: rules) }

    static func run(
        seed: UInt64, rules: ProtocolRules = ProtocolRules(), coverage: inout Coverage
    ) -> Verdict {
        var simulation = Simulation(seed: seed, rules: rules)
        let verdict = simulation.run()
        coverage.add(simulation.world.coverage)
        return verdict
    }

    private mutating func run() -> Verdict {
        supervisors = [SimulatedSupervisor(world)]
        while !isOver, steps < world.scenario.faultSteps {
            injectFault()
            step()
        }
        world.areFaultsOn = false
        let end = steps + Self.calmStepsMax
        while !isOver, steps < end {
            step()
            resumeSuspended()
        }
        if !isOver, world.flips == 0 { world.checker.fail("no progress: \(situation)") }
        if world.checker.violation == nil, world.isFinished {
            while !world.late.isEmpty { world.arriveLate() }
            world.checker.finished(regions: world.scenario.regions)
        }
        return Verdict(violation: world.checker.violation, steps: steps)
    }

    private var isOver: Bool {
        if world.isFinished || world.checker.violation != nil { return true }
        // With a flipped bit a stop is a right answer.
        return world.flips > 0 && (supervisors.isEmpty || isSuspended)
    }

    private var isSuspended: Bool { supervisors.allSatisfy { $0.lifecycle.isOver } }

    private var situation: String {
        supervisors.map { supervisor in
            let regions = supervisor.coordinators.map {
                "\(supervisor.lifecycle.phase(of: $0.region)) \($0.barrierPhase) \($0.commitPhase)"
            }
            return "log \(supervisor.log.phase), \(regions.joined(separator: ", "))"
        }.joined(separator: " | ")
    }

    private mutating func step() {
        steps += 1
        world.now += Int64(world.chance.below(400_000))
        supervisors.removeAll { supervisor in
            guard !supervisor.isAlive else { return false }
            supervisor.die()
            return true
        }
        guard let supervisor = supervisors.isEmpty ? start() : pick() else { return }
        switch world.chance.below(32) {
        case 0: world.arriveLate()
        case 1: passTime()
        case 2...7: supervisor.finishRequest()
        case 8...9: supervisor.finishCall()
        case 10: supervisor.tick()
        default: move(supervisor)
        }
    }

    private mutating func start() -> SimulatedSupervisor? {
        guard world.flips == 0 || world.chance.below(20) > 0 else { return nil }
        supervisors = [SimulatedSupervisor(world)]
        return supervisors[0]
    }

    private func pick() -> SimulatedSupervisor {
        supervisors[supervisors.count == 1 ? 0 : world.chance.below(supervisors.count)]
    }

    /// Time goes to where something waits for it, at once if nothing else is under way.
    private func passTime() {
        guard let next = supervisors.compactMap(\.deadline).min() else { return }
        let isQuiet = supervisors.allSatisfy(\.isQuiet)
        world.now = max(world.now, isQuiet ? next : min(next, world.now + Self.hurryNanoseconds))
        for supervisor in supervisors where supervisor.isAlive { supervisor.tick() }
    }

    /// A task or a message of one attempt moves.
    private func move(_ supervisor: SimulatedSupervisor) {
        let region = world.chance.below(supervisor.attempts.count)
        guard let attempt = supervisor.attempts[region], !attempt.isHung else { return }
        let executor = world.chance.below(attempt.executors.count)
        switch world.chance.below(8) {
        case 0...1: attempt.deliverCommand(executor)
        case 2...3:
            if attempt.isRunning { attempt.reportEnd(executor) }
            supervisor.deliverReport(RegionID(region), executor)
        default:
            guard attempt.isRunning else { return }
            attempt.step(world.chance.below(attempt.tasks.count), world)
        }
    }

    private func resumeSuspended() {
        guard steps % 64 == 0 else { return }
        for supervisor in supervisors where supervisor.isAlive {
            for region in supervisor.coordinators.map(\.region) {
                if let attempt = supervisor.attempts[Int(region)], attempt.isHung {
                    supervisor.fail(region, .ours, Failure(.hang, "hung"))
                }
                supervisor.handle(.checkpoint(region, .gate(isOpen: true)))
                if supervisor.lifecycle.phase(of: region) == .suspended {
                    supervisor.handle(.region(.resume(region)))
                }
            }
        }
    }
}

extension Simulation {
    private mutating func injectFault() {
        let scenario = world.scenario
        guard let supervisor = supervisors.first(where: \.isAlive) else { return }
        let region = RegionID(world.chance.below(scenario.regions))
        if world.fault(scenario.crash) {
            let origin: RestartBudget.Origin = world.chance.below(2) == 0 ? .ours : .outside
            supervisor.fail(region, origin, Failure(.crash, "crashed"))
        }
        if let attempt = supervisor.attempts[Int(region)] {
            if attempt.isHung, world.chance.below(20) == 0 {
                supervisor.fail(region, .ours, Failure(.hang, "hung"))
            } else if world.fault(scenario.hang) {
                attempt.isHung = true
            }
            // Once in an attempt: the books compare counts, and two lies might balance.
            if !attempt.hasLied, world.fault(scenario.laneLies) {
                attempt.hasLied = attempt.lanes[world.chance.below(attempt.lanes.count)].lie()
            }
        }
        if world.fault(scenario.gateCloses) {
            supervisor.handle(.checkpoint(region, .gate(isOpen: world.chance.below(2) == 0)))
        }
        if world.fault(scenario.stops) {
            for coordinator in supervisor.coordinators {
                supervisor.handle(.checkpoint(coordinator.region, .end(.keepState)))
            }
        }
        if world.fault(scenario.flips) {
            world.flips += 1
            world.checker.isDamaged = true
            world.store.flipBit(&world.chance)
        }
        injectSupervisorFault()
    }

    private mutating func injectSupervisorFault() {
        let scenario = world.scenario
        if world.fault(scenario.supervisorCrash) {
            for supervisor in supervisors { supervisor.die() }
            supervisors = []
            if world.chance.below(2) == 0 { world.cutPower() }
        } else if supervisors.count == 1, world.fault(scenario.supervisorPause) {
            // It sleeps with its lock lost; another takes over, and then it wakes.
            supervisors.append(SimulatedSupervisor(world))
        }
    }
}
