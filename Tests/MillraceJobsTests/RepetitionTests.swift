// SPDX-License-Identifier: Apache-2.0
import MillraceJobs
import Testing

struct RepetitionTests {
    private typealias Count = Repetition.Count
    private typealias Records = Repetition.Records

    @Test func `what came after the checkpoint comes again`() {
        var repetition = Repetition()
        #expect(repetition.attemptRuns(["out": Count()]) == [])
        repetition.attemptEnded(["out": Count(since: 70), "log": Count(since: 40)])
        #expect(
            repetition.attemptRuns(["out": Count(saved: 50), "log": Count(saved: 40)])
                == [Records(node: "out", records: 20)])
        repetition.attemptEnded(["out": Count(saved: 50, since: 5), "log": Count(saved: 40)])
        #expect(
            repetition.attemptRuns(["out": Count(saved: 50), "log": Count(saved: 40)])
                == [Records(node: "out", records: 5)])
        #expect(repetition.total == [Records(node: "out", records: 25)])
    }

    @Test func `an attempt that shows nothing hides nothing of the one before`() {
        var repetition = Repetition()
        repetition.attemptEnded(["out": Count(saved: 10, since: 20)])
        repetition.attemptEnded(["out": Count()])
        #expect(
            repetition.attemptRuns(["out": Count(saved: 10)])
                == [Records(node: "out", records: 20)])
        #expect(repetition.attemptRuns(["out": Count(saved: 10)]) == [])
    }
}
