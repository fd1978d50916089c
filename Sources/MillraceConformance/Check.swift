// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One thing that a plugin has to do or to leave alone. Ids never change their meaning.
package struct Check: Hashable, Sendable {
    package enum Subject: Hashable, Sendable { case library, operation }

    package var id: String
    package var about: String
    package var subject: Subject

    private init(_ id: String, _ about: String, _ subject: Subject = .library) {
        self.id = id
        self.about = about
        self.subject = subject
    }

    static let readable = Check("file/readable", "a shared object for this machine")
    static let library = Check("file/library", "no program")
    static let entry = Check("file/entry", "exports the entry of this major version")
    static let exports = Check("file/exports", "exports nothing but the entry")
    static let stack = Check("file/executable-stack", "asks for no executable stack")
    static let relocations = Check("file/text-relocations", "no relocations in its code")
    static let storage = Check("file/static-tls", "no static thread-local storage")
    static let searchPath = Check("file/search-path", "looks for libraries beside itself only")
    static let unique = Check("file/unique-symbols", "no symbols that its versions would share")
    static let note = Check("file/note", "has a manifest note that can be read")
    static let libraries = Check("load/libraries", "all it needs is there")
    static let survives = Check("load/survives", "can be loaded and asked without an end")
    static let process = Check("load/process", "leaves the process as it was")
    static let version = Check("descriptor/version", "built for this ABI, needs nothing unknown")
    static let rules = Check("descriptor/rules", "every table keeps the rules")
    static let ids = Check("descriptor/ids", "each operator has its own id")
    static let toolchain = Check("descriptor/toolchain", "built with a toolchain that fits")
    static let truth = Check("descriptor/note", "the note says what the tables say")
    static let defaults = Check("config/defaults", "create with defaults only", .operation)
    static let missing = Check("config/missing", "create without a required value", .operation)
    static let bounds = Check("config/bounds", "create with values out of bounds", .operation)
    static let split = Check("data/split", "the same output for batches of any size", .operation)
    static let edges = Check("data/edges", "empty, huge and odd records", .operation)

    /// In the order in which they run.
    package static let all = [
        readable, library, entry, exports, stack, relocations, storage, searchPath, unique, note,
        libraries, survives, process, version, rules, ids, toolchain, truth, defaults, missing,
        bounds, split, edges,
    ]
}

/// What came of a check.
package struct CheckResult: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case passed
        /// Allowed, but worth telling.
        case warned(String)
        case failed(String)
        /// It could not be made, and why.
        case skipped(String)
    }

    package var check: Check
    /// The file's name.
    package var library: String
    /// nil for a check of the library.
    package var operation: String?
    package var outcome: Outcome
    package var seconds: Double

    package var hasFailed: Bool {
        if case .failed = outcome { return true }
        return false
    }
}
