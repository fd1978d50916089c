// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import Testing

@testable import MillraceScreen

/// Events in, actions out.
@Suite struct TopTests {
    private static let size = ScreenSize(columns: 80, rows: 24)

    private func top(job: String? = nil) -> Top {
        Top(job: job, interval: "1s", sort: nil, size: Self.size)
    }

    private func looked(_ jobs: [JobView]) -> Top.Event { .looked(TopLook(jobs: jobs)) }

    @Test func `one run is opened at once, several are listed`() throws {
        var one = top()
        _ = one.handle(looked([try SampleJob.view("run-a")]))
        #expect(one.page == .job("run-a"))
        // A second one does not take the screen away.
        _ = one.handle(looked([try SampleJob.view("run-a"), try SampleJob.view("run-b")]))
        #expect(one.page == .job("run-a"))
        var several = top()
        _ = several.handle(looked([try SampleJob.view("run-a"), try SampleJob.view("run-b")]))
        #expect(several.page == .jobs)
        var late = top()
        #expect(late.handle(looked([])) == [.draw])
        _ = late.handle(looked([try SampleJob.view("run-c")]))
        #expect(late.page == .job("run-c"))
    }

    @Test func `the end of a run that was named is our end`() throws {
        var named = top(job: "run-a")
        #expect(named.handle(looked([try SampleJob.view("run-a")])) == [.draw])
        #expect(named.handle(.key(.escape)) == [.draw])
        #expect(named.page == .job("run-a"))
        #expect(named.handle(looked([])) == [.quit(.runEnded("run-a"))])
        // Also while the picture is held.
        var held = top(job: "run-a")
        _ = held.handle(looked([try SampleJob.view("run-a")]))
        _ = held.handle(.key(.character(" ")))
        #expect(held.handle(looked([])) == [.quit(.runEnded("run-a"))])
    }

    @Test func `a run that was not named stays on the screen as it was last seen`() throws {
        var all = top()
        _ = all.handle(looked([try SampleJob.view("run-a")]))
        #expect(all.handle(looked([])) == [.draw])
        #expect(all.handle(looked([])) == [.draw])
        #expect(TopScreen.draw(all).text[0].contains("run-a  is over; last seen:"))
        #expect(TopScreen.draw(all).text[4].hasPrefix("orders"))
        _ = all.handle(.key(.escape))
        #expect(all.page == .jobs)
        #expect(TopScreen.draw(all).text[1].contains("nothing runs"))
    }

    @Test func `a run that does not answer is shown with the time it has been silent`() throws {
        var all = top()
        _ = all.handle(
            .looked(TopLook(jobs: [try SampleJob.view("run-a")], silent: ["run-a": 4.2])))
        #expect(TopScreen.draw(all).text[0].contains("no answer for 4s"))
    }

    @Test func `space holds the picture and gives the newest one back`() throws {
        var held = top()
        _ = held.handle(looked([try SampleJob.view(state: "RUNNING")]))
        _ = held.handle(.key(.character(" ")))
        #expect(TopScreen.draw(held).text[0].hasPrefix("millrace top  PAUSED"))
        #expect(held.handle(looked([try SampleJob.view(state: "STARTING")])).isEmpty)
        #expect(held.handle(looked([try SampleJob.view(state: "DRAINING")])).isEmpty)
        #expect(TopScreen.draw(held).text[0].contains("RUNNING"))
        _ = held.handle(.key(.character(" ")))
        #expect(TopScreen.draw(held).text[0].contains("DRAINING"))
    }

    @Test func `s goes through all orders and round, S back`() throws {
        var sorted = top()
        _ = sorted.handle(looked([try SampleJob.view()]))
        var seen: [String] = []
        for _ in 0...NodeColumn.all.count {
            _ = sorted.handle(.key(.character("s")))
            seen.append(sorted.sort?.name ?? "flow")
        }
        #expect(seen == NodeColumn.all.map(\.name) + ["flow"])
        _ = sorted.handle(.key(.character("S")))
        #expect(sorted.sort == .dead)
        #expect(sorted.nodes.map(\.id) == ["alerts", "orders", "score"])
    }

    @Test func `help covers the screen until a key, which does nothing else`() throws {
        var help = top()
        _ = help.handle(looked([try SampleJob.view()]))
        _ = help.handle(.key(.character("h")))
        #expect(TopScreen.draw(help).text.joined().contains("any key goes back"))
        #expect(help.handle(.key(.enter)) == [.draw])
        #expect(help.page == .job("run-7f3a") && !help.showsHelp)
    }

    @Test func `what ends it and what stops it`() throws {
        var any = top()
        #expect(any.handle(.key(.character("q"))) == [.quit(.asked)])
        #expect(any.handle(.signal(2)) == [.quit(.signal(2))])
        #expect(any.handle(.terminalGone) == [.quit(.terminalGone)])
        #expect(any.handle(.suspended) == [.suspend])
        #expect(any.handle(.resumed) == [.redraw])
        #expect(any.handle(.key(.character("x"))).isEmpty)
    }

    @Test func `no order of keys and looks breaks it`() throws {
        let keys: [Key] = [
            .up, .down, .left, .right, .home, .end, .pageUp, .pageDown, .enter, .escape,
            .backspace, .tab, .character("s"), .character(" "), .character("h"), .character("G"),
        ]
        let looks = [
            [], [try SampleJob.view("run-a")],
            [try SampleJob.view("run-a", nodes: []), try SampleJob.view("run-b")],
            (0..<40).map { SampleJob.Node(id: "n\($0)", tasks: 3) },
        ].map { any -> [JobView] in
            if let views = any as? [JobView] { return views }
            return (try? [SampleJob.view("run-b", nodes: any as? [SampleJob.Node] ?? [])]) ?? []
        }
        var state: UInt64 = 7
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var top = top()
        for _ in 0..<20_000 {
            switch next(8) {
            case 0: _ = top.handle(.looked(TopLook(jobs: looks[next(looks.count)])))
            case 1:
                _ = top.handle(.resized(ScreenSize(columns: next(120), rows: next(40))))
            default: _ = top.handle(.key(keys[next(keys.count)]))
            }
            let canvas = TopScreen.draw(top)
            #expect(canvas.lines.count == canvas.size.rows)
            #expect(canvas.lines.allSatisfy { $0.count == canvas.size.columns })
            if let row = top.selectedRow { #expect(row < top.rowCount) }
        }
    }
}
