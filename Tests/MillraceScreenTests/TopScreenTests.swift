// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import Testing

@testable import MillraceScreen

/// Whole screens, as a person sees them.
@Suite struct TopScreenTests {
    private func top(
        _ columns: Int, _ rows: Int, _ views: [JobView], keys: [Key] = [],
        sort: NodeColumn? = nil
    ) -> Top {
        var top = Top(
            job: nil, interval: "1s", sort: sort, size: .init(columns: columns, rows: rows))
        _ = top.handle(.looked(TopLook(jobs: views)))
        for key in keys { _ = top.handle(.key(key)) }
        return top
    }

    private func expect(_ top: Top, _ screen: String) {
        let drawn = TopScreen.draw(top).text
        #expect(
            drawn
                == screen.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }

    @Test func `a run on a usual terminal`() throws {
        expect(
            top(80, 12, [try SampleJob.view()]),
            """
            millrace top   run-7f3a  RUNNING for 2m10s   orders, 4 tasks, 3 threads
              in 12.4k/s (112 034)  out 1.1k/s (4 401)  dead 2  p99 3.1ms
              bottleneck  score (busy 97%), it blocks orders 70% of the time
            NODE        IN/S   OUT/S  BUSY  BLOCKED  QUEUE     P99  DEAD  LOAD
            orders         -   12.4k   18%      70%      -       -     0  ##=========.
            score      12.3k   12.3k   97%       0%   100%    88ms     0  ############
            alerts      1.1k       -    1%       0%     0%   3.1ms     2  ............




            q quit  s sort: flow  Enter tasks  Space pause  h help                  every 1s
            """)
    }

    @Test func `a wide terminal has every column`() throws {
        let lines = TopScreen.draw(top(110, 8, [try SampleJob.view()])).text
        #expect(
            lines[3] == "NODE      OPERATOR     TASKS    IN/S   OUT/S  BUSY  BLOCKED  STARVED  "
                + "QUEUE     P99  DEAD  LOAD")
        #expect(
            lines[5] == "score     fraud.score      1   12.3k   12.3k   97%       0%       3%  "
                + " 100%    88ms     0  ############")
    }

    @Test func `a narrow terminal keeps what matters most`() throws {
        expect(
            top(34, 8, [try SampleJob.view()]),
            """
            millrace top   run-7f3a  RUNNING …
              in 12.4k/s (112 034)  out 1.1k/…
              bottleneck  score (busy 97%), i…
            NODE        IN/S  BUSY  DEAD
            orders         -   18%     0
            score      12.3k   97%     0
            alerts      1.1k    1%     2
            q quit  s sort: flow  Enter tasks
            """)
    }

    @Test(arguments: [(29, 24), (80, 5), (1, 1), (0, 0), (12, 2)])
    func `a terminal that is too small says so and recovers`(_ columns: Int, _ rows: Int) throws {
        var small = top(80, 12, [try SampleJob.view()])
        let before = TopScreen.draw(small)
        #expect(small.handle(.resized(.init(columns: columns, rows: rows))) == [.redraw])
        let text = TopScreen.draw(small).text
        #expect(text.count == rows)
        if columns >= 25 { #expect(text[0] == "\(columns)x\(rows) is too small") }
        #expect(small.handle(.key(.character("s"))).isEmpty)
        _ = small.handle(.resized(.init(columns: 80, rows: 12)))
        #expect(TopScreen.draw(small) == before)
        _ = small.handle(.resized(.init(columns: columns, rows: rows)))
        #expect(small.handle(.key(.character("q"))) == [.quit(.asked)])
    }

    @Test func `the reason and the next step of a state are shown`() throws {
        let view = try SampleJob.view(state: "DEGRADED", reason: "score#0 is in one call for 12s")
        let lines = TopScreen.draw(top(80, 14, [view])).text
        #expect(lines[0].hasPrefix("millrace top   run-7f3a  DEGRADED for 2m10s"))
        #expect(lines[2] == "  reason      score#0 is in one call for 12s   MR4102")
        #expect(lines[3] == "  next        its process is ended after 30s")
        // Where there is little room, the nodes come first.
        let low = TopScreen.draw(top(80, 7, [view])).text
        #expect(low.filter { $0.hasPrefix("score ") || $0.hasPrefix("alerts ") }.count == 2)
    }

    @Test func `several runs are a list that opens`() throws {
        let views = [try SampleJob.view("run-b", name: "beta"), try SampleJob.view("run-a")]
        expect(
            top(70, 6, views),
            """
            millrace top   2 runs
            JOB       NAME      STATE        FOR    IN/S   OUT/S       IN     OUT
            run-a     orders    RUNNING    2m10s   12.4k    1.1k  112 034   4 401
            run-b     beta      RUNNING    2m10s   12.4k    1.1k  112 034   4 401

            q quit  Enter open  Space pause  h help                       every 1s
            """)
        let opened = top(70, 8, views, keys: [.down, .enter])
        #expect(TopScreen.draw(opened).text[0].contains("run-b  RUNNING"))
    }

    @Test func `the tasks of a node`() throws {
        let lines = TopScreen.draw(top(90, 10, [try SampleJob.view()], keys: [.enter])).text
        #expect(lines[3] == "orders  generate@1.0.0")
        #expect(lines[4].hasPrefix("TASK       IN/S   OUT/S    BUSY"))
        #expect(lines[5].hasPrefix("#0            -   12.4k     18%"))
        #expect(lines[6].hasPrefix("#1 over "))
    }

    @Test func `wide characters take two columns and control characters none of the screen`() throws
    {
        let nodes = [
            SampleJob.Node(id: "注文", kind: "source"), SampleJob.Node(id: "e\u{301}te\u{1B}[2J"),
            SampleJob.Node(id: "🦊"),
        ]
        let drawn = TopScreen.draw(top(40, 9, [try SampleJob.view(nodes: nodes)]))
        #expect(drawn.text[4].hasPrefix("注文           -"))
        #expect(drawn.text[5].hasPrefix("e\u{301}te?[2J"))
        for line in drawn.lines[4...6] {
            // Each row has its figures in the same columns.
            let width = line.prefix { $0.text != "%" }.reduce(0) { $0 + TextWidth.of($1.text) }
            #expect(width == drawn.lines[4].prefix { $0.text != "%" }.count)
        }
        #expect(!drawn.text.joined().contains("\u{1B}"))
    }

    @Test func `the selected row is reversed, and stays the same node when rows move`() throws {
        var chosen = top(80, 12, [try SampleJob.view()], keys: [.down])
        #expect(marked(chosen) == ["score"])
        _ = chosen.handle(.key(.character("s")))
        #expect(chosen.sort == .node)
        #expect(marked(chosen) == ["score"])
        #expect(TopScreen.draw(chosen).text[4].hasPrefix("alerts"))
    }

    @Test func `a long table scrolls and says where it is`() throws {
        let nodes = (0..<50).map { SampleJob.Node(id: "n\($0)") }
        var long = top(60, 10, [try SampleJob.view(nodes: nodes)])
        #expect(TopScreen.draw(long).text[9].hasSuffix("1-5/50"))
        for _ in 0..<7 { _ = long.handle(.key(.down)) }
        #expect(marked(long) == ["n7"])
        #expect(TopScreen.draw(long).text[9].hasSuffix("4-8/50"))
        _ = long.handle(.key(.end))
        #expect(marked(long) == ["n49"])
        #expect(TopScreen.draw(long).text[9].hasSuffix("46-50/50"))
        // The table shrinks below the cursor.
        _ = long.handle(.looked(TopLook(jobs: [try SampleJob.view(nodes: Array(nodes[..<2]))])))
        #expect(marked(long) == ["n0"])
        _ = long.handle(.looked(TopLook(jobs: [try SampleJob.view(nodes: [])])))
        #expect(marked(long).isEmpty)
        #expect(long.handle(.key(.enter)) == [.draw])
    }

    /// First words of the reversed rows.
    private func marked(_ top: Top) -> [String] {
        let canvas = TopScreen.draw(top)
        return zip(canvas.lines, canvas.text).filter { $0.0.contains { $0.style.isMarked } }
            .map { String($0.1.prefix { $0 != " " }) }
    }
}
