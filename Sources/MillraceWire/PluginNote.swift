// SPDX-License-Identifier: Apache-2.0
// The manifest note of a plugin: JSON in an ELF note named "Millrace" of type 1, for example
//
//     {"millrace":1,"abi":"1.0","name":"demo","version":"1.0.0","operators":["demo.keep"]}
//
// All five keys are required, others are allowed and not read. Limits: 64 KiB, four levels. The
// note is a hint for listings that needs no code to run; the descriptors decide, and a library
// whose note contradicts them is refused (MR3006).
import MillraceCore

/// What a library says about itself without being loaded.
package struct PluginNote: Hashable, Codable, Sendable {
    /// `1.0`: the version of the headers it was compiled with.
    package var abi: String
    package var name: String
    package var version: String
    /// Operator ids, in the order of the note.
    package var operators: [String]

    package static let depthMax = 4

    /// Read the text of a note; `file` is for messages. Throws MR3006.
    package init(_ text: [UInt8], file: String) throws(Failure) {
        func refused(_ reason: String) -> Failure {
            Failure(
                .noteContradicts, "\(file): its manifest note cannot be read: \(reason)",
                next: "write it with MR_MANIFEST as docs/ABI.md shows")
        }
        func string(_ object: JSON, _ key: String) throws(Failure) -> String {
            guard case .string(let value) = object[key] else {
                throw refused("\"\(key)\" is not a string")
            }
            return value
        }
        let value: JSON
        do {
            value = try NoteText.parse(text, depthMax: Self.depthMax)
        } catch {
            throw refused("\(error.reason) at byte \(error.position)")
        }
        guard case .object = value else { throw refused("it is no JSON object") }
        guard value["millrace"] == .int(1) else { throw refused("\"millrace\" is not 1") }
        abi = try string(value, "abi")
        name = try string(value, "name")
        version = try string(value, "version")
        guard case .array(let items) = value["operators"] else {
            throw refused("\"operators\" is not a list")
        }
        operators = []
        for item in items {
            guard case .string(let id) = item else {
                throw refused("\"operators\" has an entry that is no string")
            }
            operators.append(id)
        }
    }

    /// Throws MR3006 when the descriptors say something else. `abiVersion`: major × 65536 + minor.
    package func check(
        file: String, name otherName: String, version otherVersion: String, abiVersion: UInt32,
        operators others: [String]
    ) throws(Failure) {
        func differ(_ what: String, _ note: String, _ table: String) -> Failure {
            Failure(
                .noteContradicts,
                "\(file): its manifest note says \(what) \(note), its table says \(table)",
                next: "make MR_MANIFEST and the descriptors agree")
        }
        if name != otherName { throw differ("name", name, otherName) }
        if version != otherVersion { throw differ("version", version, otherVersion) }
        let otherABI = "\(abiVersion >> 16).\(abiVersion & 0xffff)"
        if abi != otherABI { throw differ("ABI", abi, otherABI) }
        if Set(operators) != Set(others) {
            func text(_ ids: [String]) -> String {
                ids.isEmpty ? "none" : ids.sorted().joined(separator: " ")
            }
            throw differ("operators", text(operators), text(others))
        }
    }
}
