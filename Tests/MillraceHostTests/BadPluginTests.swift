// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import Testing

@testable import MillraceHost

/// The zoo of plugins with one fault each: those whose fault shows before they are used have to be
/// turned away with their code, all others have to be let in.
@Suite struct BadPluginTests {
    static let expected: [String: FailureCode] = [
        "abort_in_entry": .quarantinedCrash,
        "bad_id": .descriptorInvalid,
        "crash_in_entry": .quarantinedCrash,
        "directory_in_entry": .quarantinedBehaviour,
        "duplicate_id": .duplicateOperator,
        "exit_in_entry": .quarantinedCrash,
        "handler_in_entry": .quarantinedBehaviour,
        "huge_count": .descriptorInvalid,
        "missing_create": .descriptorInvalid,
        "missing_process": .descriptorInvalid,
        "needs_unknown_bit": .unknownNeed,
        "newer_major": .abiVersion,
        "newer_min": .abiVersion,
        "no_entry": .noEntry,
        "note_contradicts": .noteContradicts,
        "null_id": .descriptorInvalid,
        "null_operator_entry": .descriptorInvalid,
        "null_operators": .descriptorInvalid,
        "null_plugin": .noEntry,
        "operator_size_huge": .descriptorInvalid,
        "operator_size_zero": .descriptorInvalid,
        "other_pointer_each_time": .descriptorInvalid,
        "size_four": .descriptorInvalid,
        "size_huge": .descriptorInvalid,
        "size_zero": .descriptorInvalid,
        "sleep_in_entry": .quarantinedCrash,
        "thread_in_entry": .quarantinedBehaviour,
        "throw_in_entry": .quarantinedCrash,
        "zero_operators": .descriptorInvalid,
    ]

    @Test func `every animal of the zoo gets its code`() throws {
        let shop = try Workshop()
        try Workshop.run(
            "make", ["-s", "-C", Place.repository + "/Tests/BadPlugins", "OUT=\(shop.path("zoo"))"])
        let result = try shop.catalog(probeNanoseconds: 2_000_000_000).scan(
            extra: [shop.path("zoo")])
        var codes: [String: FailureCode] = [:]
        for record in result.plugins {
            let name = PluginFile.name(of: record.path).dropLast(3)
            codes[String(name)] = record.reason?.code
            #expect((record.state == .ready) == (record.reason == nil))
            if let reason = record.reason {
                #expect(reason.text.contains("\(name).so"), "\(reason.text)")
                #expect(reason.next != nil, "\(reason.text)")
            }
        }
        #expect(result.plugins.count > Self.expected.count + 10)
        for name in Set(codes.keys).union(Self.expected.keys).sorted() {
            let expected = Self.expected[name]
            #expect(codes[name] == expected, "\(name): \(codes[name]?.description ?? "ready")")
        }
    }
}
