// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceDelivery

/// Plays whole lives of a job, each from one seed, with the machines of the product.
@main
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-sim",
        abstract: "Replays a job with faults from seeds, and checks that nothing is lost or twice.")

    @Option(help: "Play this seed only.")
    var seed: UInt64?

    @Option(help: "How many seeds to play.")
    var seeds: UInt64 = 1_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Break one rule: the first seed that notices is told.")
    var mutant: String?

    @Flag(help: "Break every rule in turn, and fail if one is not noticed.")
    var mutants = false

    func validate() throws {
        if let mutant, ProtocolRules.Rule(rawValue: mutant) == nil {
            let names = ProtocolRules.Rule.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("no mutant `\(mutant)`: there are \(names)")
        }
    }

    func run() throws {
        if mutants {
            let missed = ProtocolRules.Rule.allCases.filter { !isNoticed($0) }
            guard missed.isEmpty else { throw ExitCode(1) }
            return
        }
        if let rule = mutant.flatMap(ProtocolRules.Rule.init) {
            guard isNoticed(rule) else { throw ExitCode(1) }
            return
        }
        try keepAll()
    }

    private var range: Range<UInt64> {
        if let seed { return seed..<seed + 1 }
        return from..<from + seeds
    }

    private func keepAll() throws {
        var coverage = Coverage()
        var steps = 0
        for seed in range {
            let verdict = Simulation.run(seed: seed, coverage: &coverage)
            steps += verdict.steps
            if let violation = verdict.violation {
                print("seed \(seed): \(violation)")
                throw ExitCode(1)
            }
        }
        print("\(range.count) seeds, \(steps) steps, nothing lost, nothing twice")
        print(coverage.text)
    }

    private func isNoticed(_ rule: ProtocolRules.Rule) -> Bool {
        var coverage = Coverage()
        for seed in range {
            let verdict = Simulation.run(
                seed: seed, rules: ProtocolRules(breaking: rule), coverage: &coverage)
            guard let violation = verdict.violation else { continue }
            print("\(rule.rawValue): noticed after \(seed - from + 1) seeds: \(violation)")
            return true
        }
        print("\(rule.rawValue): NOT noticed in \(range.count) seeds")
        return false
    }
}
