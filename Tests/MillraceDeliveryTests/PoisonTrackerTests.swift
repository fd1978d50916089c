// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct PoisonTrackerTests {
    private func hash(_ letter: Character) -> ContentHash {
        ContentHash(low: UInt64(letter.asciiValue ?? 0), high: 0)
    }

    /// `crash:ab` with a batch of two, `crash:?` unreadable, `step:a` the same with a stamp,
    /// `pass:a`, `done`.
    private func play(_ words: String) -> String {
        var tracker = PoisonTracker(node: "score")
        return words.split(separator: " ").map { word in
            let letters = word.drop { $0 != ":" }.dropFirst()
            let batch = letters == "?" ? nil : Set(letters.map(hash))
            let event: PoisonTracker.Event
            switch word.prefix(while: { $0 != ":" }) {
            case "crash": event = .crashed(.init(batch: batch, stamped: nil))
            case "step": event = .crashed(.init(batch: batch, stamped: letters.first.map(hash)))
            case "pass": event = .passed(letters.first.map(hash) ?? hash("?"))
            default: event = .epochDone
            }
            let actions = tracker.handle(event, now: 0)
            return actions.isEmpty ? "-" : actions.map(name).joined(separator: "+")
        }.joined(separator: " ")
    }

    private func name(_ action: PoisonTracker.Action) -> String {
        switch action {
        case .isolate: "isolate"
        case .beginSteps: "steps"
        case .endSteps: "end"
        case .quarantine(let hash, let crashes):
            "quarantine:\(Character(UnicodeScalar(UInt8(hash.low))))\(crashes)"
        case .suspend: "suspend"
        }
    }

    @Test func `the third crash names the record that was in all batches`() {
        #expect(play("crash:abc crash:bcd step:c") == "isolate steps quarantine:c3+end")
    }

    @Test func `a batch that could not be read may hold any record`() {
        #expect(play("crash:? crash:bcd step:d") == "isolate steps quarantine:d3+end")
    }

    @Test func `a record that was not in all batches is not to blame`() {
        #expect(play("crash:abc crash:bcd step:d step:d") == "isolate steps - quarantine:d4+end")
    }

    @Test func `steps end when all suspects have passed, or after three epochs`() {
        #expect(play("crash:ab crash:ab pass:a pass:b crash:a") == "isolate steps - end isolate")
        #expect(play("crash:? crash:? done done done") == "isolate steps - - end")
    }

    @Test func `a crash after five epochs is another story`() {
        #expect(play("crash:a done done done done done crash:a") == "isolate - - - - - isolate")
        #expect(play("crash:a done done done done crash:a") == "isolate - - - - steps")
    }

    @Test func `a storm suspends: too many in an hour, or too large a share`() {
        var tracker = PoisonTracker(node: "score")
        #expect(tracker.handle(.taken(4, of: 10), now: 0).isEmpty)
        #expect(!tracker.handle(.taken(1, of: 49_999), now: 0).isEmpty)
        #expect(tracker.handle(.taken(0, of: 50_000), now: 0).isEmpty)
        #expect(tracker.handle(.taken(95, of: 10_000_000), now: 0).isEmpty)
        #expect(!tracker.handle(.taken(1, of: 10_000_000), now: 0).isEmpty)
        let hour: Int64 = 3_600_000_000_000
        #expect(tracker.handle(.taken(1, of: 10_000_000), now: hour).isEmpty)
    }
}
