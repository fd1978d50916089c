// SPDX-License-Identifier: Apache-2.0
// Reads whole numbers and, when its input ends, writes how many there were, the smallest, the
// largest and the sum. What it knows so far is saved with the job.
import MillraceSDK

final class {{type}}: Transform, Stateful {
    /// What `millrace explain`, the checker of topologies and editors know about it.
    static let info = OperatorInfo(
        "{{id}}", version: "1.0.0",
        "Counts and adds up numbers, and says so when its input ends.",
        example: "{ use: {{id}} }",
        traits: [.deterministic],
        inputs: [Port("in", schema: "text", "Whole numbers, in decimal.")],
        outputs: [Port("out", schema: "json", "One JSON object.")],
        parallelismMax: 1)
    static let stateVersion = 1

    private var totals = Totals()
    private var schema: UInt32 = 0

    init(_ setup: borrowing Setup) throws {}

    func start(_ facts: borrowing Start) throws { schema = facts.outputSchema(0) }

    /// Called with up to a few hundred records, which are read where they lie, and never by two
    /// threads at once. The compiler sees to it that nothing of a batch is kept.
    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow {
        for position in batch.indices {
            // A bad record: those before it are done, and the others come again.
            guard let number = whole(batch[position].value) else {
                return .bad(record: position, "expected a whole number")
            }
            guard totals.add(Totals(count: 1, smallest: number, largest: number, sum: number))
            else { return .bad(record: position, "the sum is larger than 64 bits hold") }
        }
        return .ok
    }

    /// The input has ended. Called again while it answers `.again`, which is: there was no room.
    func stop(_ out: borrowing Outputs) throws -> Stop {
        guard totals.count > 0 else { return .finished }
        let text = """
            {"count": \(totals.count), "smallest": \(totals.smallest), \
            "largest": \(totals.largest), "sum": \(totals.sum)}
            """
        let bytes = Array(text.utf8)
        return out[0].emit(.unkeyed(schema: schema), bytes.span) ? .finished : .again
    }

    /// A checkpoint: the totals.
    func save(epoch: UInt64, to writer: borrowing StateWriter) throws {
        for number in [totals.count, totals.smallest, totals.largest, totals.sum] {
            try writer.write(UInt64(bitPattern: number))
        }
    }

    /// Merges one piece of what was saved; there may be several.
    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws {
        var numbers: [Int64] = []
        while let number = try reader.number() { numbers.append(Int64(bitPattern: number)) }
        guard numbers.count == 4,
            totals.add(
                Totals(
                    count: numbers[0], smallest: numbers[1], largest: numbers[2], sum: numbers[3]))
        else { throw OperatorError(.state, "the saved totals are not what this version saves") }
    }

    /// A whole number and nothing else.
    private func whole(_ value: Span<UInt8>) -> Int64? {
        var text = ""
        for index in value.indices { text.unicodeScalars.append(Unicode.Scalar(value[index])) }
        return Int64(text)
    }
}

/// What is known so far.
struct Totals {
    var count: Int64 = 0
    var smallest = Int64.max
    var largest = Int64.min
    var sum: Int64 = 0

    /// False if the sum is too large to be told.
    mutating func add(_ more: Totals) -> Bool {
        let (total, isTooLarge) = sum.addingReportingOverflow(more.sum)
        guard !isTooLarge else { return false }
        count += more.count
        smallest = min(smallest, more.smallest)
        largest = max(largest, more.largest)
        sum = total
        return true
    }
}

let library = Library("{{name}}", version: "1.0.0") { {{type}}.self }

/// The one symbol that the library exports.
@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
