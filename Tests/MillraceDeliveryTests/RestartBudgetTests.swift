// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import Testing

struct RestartBudgetTests {
    private static let second: Int64 = 1_000_000_000

    /// Fails so many times, a second apart, and says what each time came of it.
    private func verdicts(
        _ count: Int, _ budget: inout RestartBudget, origin: RestartBudget.Origin = .ours,
        from start: Int64 = 0, apart: Int64 = second
    ) -> [RestartBudget.Verdict] {
        (0..<count).map {
            budget.failed(origin, region: 0, chance: 0, now: start + Int64($0) * apart)
        }
    }

    @Test func `the first restart is at once, later ones wait twice as long each`() {
        var budget = RestartBudget()
        #expect(
            verdicts(4, &budget) == [
                .restart(afterNanoseconds: 0), .restart(afterNanoseconds: 80_000_000),
                .restart(afterNanoseconds: 160_000_000), .restart(afterNanoseconds: 320_000_000),
            ])
        budget.epochDone(now: 5 * Self.second)
        #expect(
            budget.failed(.outside, region: 0, chance: 0, now: 6 * Self.second)
                == .restart(afterNanoseconds: 0))
    }

    @Test func `delays are spread by a fifth and end at thirty seconds`() {
        var budget = RestartBudget()
        _ = verdicts(30, &budget, origin: .outside)
        for chance in [UInt64(0), 1, .max, 12_345_678_901] {
            var copy = budget
            guard
                case .restart(let delay) = copy.failed(
                    .outside, region: 0, chance: chance, now: 31 * Self.second)
            else { return #expect(Bool(false)) }
            #expect((24 * Self.second...36 * Self.second).contains(delay))
        }
    }

    @Test func `too many restarts restart the job, too many of those suspend`() {
        var budget = RestartBudget()
        let kinds = verdicts(24, &budget).map { verdict in
            switch verdict {
            case .counted: "c"
            case .restart: "r"
            case .restartJob: "J"
            case .suspend: "S"
            }
        }
        #expect(kinds.joined() == "rrrrrJrrrrrJrrrrrJrrrrrS")
    }

    @Test func `restarts that lead to no checkpoint have a limit of their own`() {
        var options = RestartBudget.Options()
        options.barrenMax = 3
        var budget = RestartBudget(options: options)
        #expect(
            verdicts(3, &budget, origin: .outside, apart: 100 * Self.second).allSatisfy {
                if case .restart = $0 { true } else { false }
            })
        budget.epochDone(now: 250 * Self.second)
        let later = verdicts(
            4, &budget, origin: .outside, from: 300 * Self.second, apart: 100 * Self.second)
        guard case .restart = later[2], case .suspend(let failure) = later[3] else {
            Issue.record("\(later)")
            return
        }
        #expect(failure.code == .restartsSpent)
    }

    @Test func `what comes from outside spends nothing`() {
        var budget = RestartBudget()
        let verdicts = verdicts(100, &budget, origin: .outside)
        #expect(
            verdicts.allSatisfy {
                if case .restart = $0 { return true }
                return false
            })
    }

    @Test func `one cause counts once`() {
        var budget = RestartBudget()
        #expect(
            verdicts(2, &budget, apart: 100_000_000)
                == [.restart(afterNanoseconds: 0), .counted])
    }

    @Test func `crashes that a quarantined record explains are given back`() {
        var budget = RestartBudget()
        _ = verdicts(5, &budget)
        budget.giveBack(3)
        let next = verdicts(3, &budget, from: 5 * Self.second)
        #expect(
            next.allSatisfy {
                if case .restart = $0 { return true }
                return false
            })
    }

    @Test func `a long calm with progress resets everything`() {
        var budget = RestartBudget()
        _ = verdicts(5, &budget)
        for _ in 0..<3 { budget.epochDone(now: 400 * Self.second) }
        #expect(budget == RestartBudget())
    }
}
