// SPDX-License-Identifier: Apache-2.0
// What can be known about a plugin file without running any of it.
//
// The reader walks an ELF64 file: header → program headers → dynamic section (through
// PT_DYNAMIC) → strings, hash table and symbols (addresses, mapped to the file through PT_LOAD)
// → notes (PT_NOTE). Section headers are never used: `strip` may remove them, and the dynamic
// loader does not look at them either. Every offset in the file is untrusted: it is read with a
// bound check, sums are checked for overflow, and every loop is bounded by the size of the file.
import MillraceCore

/// A name that a library offers to others.
package struct ElfExport: Hashable, Sendable {
    package var name: String
    /// Or else data.
    package var isFunction: Bool

    package init(name: String, isFunction: Bool) {
        self.name = name
        self.isFunction = isFunction
    }
}

/// The facts of an ELF shared object that decide whether it may be loaded.
package struct SharedObject: Hashable, Codable, Sendable {
    /// Libraries the loader has to find (`DT_NEEDED`).
    package var needed: [String] = []
    /// Folders to look for them in (`DT_RPATH`, `DT_RUNPATH`), split at colons.
    package var searchFolders: [String] = []
    /// Reserves static thread-local storage; that fails late in the life of a process.
    package var staticTLS = false
    /// The loader has to write into the code.
    package var textRelocations = false
    package var executableStack = false
    /// A position-independent program, not a library.
    package var isProgram = false
    /// Exported functions named `millrace_plugin_v…`.
    package var entries: [String] = []
    /// Exported symbols besides these.
    package var otherExports = 0
    /// Symbols shared by all libraries of a process (`STB_GNU_UNIQUE`).
    package var uniqueSymbols = 0
    /// The newest glibc it asks for, such as `2.34`.
    package var glibc: String?
    /// Text of the manifest note; nil when there is none.
    package var note: [UInt8]?
    /// More notes of ours than the one that counts.
    package var furtherNotes = 0

    package init() {}

    package static let entryPrefix = "millrace_plugin_v"
    package static let entry = "millrace_plugin_v1"
    /// Longest manifest note.
    package static let noteBytesMax = 64 << 10

    /// The processor this code was compiled for, as ELF numbers it.
    package static var thisMachine: UInt16 {
        #if arch(x86_64)
            62
        #elseif arch(arm64)
            183
        #else
            0
        #endif
    }

    /// Read `bytes`, the whole file. `name` is for messages. Throws MR3001 when it is no ELF
    /// shared object for this machine, or damaged; MR3006 for an unusable note.
    package static func read(
        _ bytes: [UInt8], name: String, machine: UInt16 = thisMachine
    ) throws(Failure) -> SharedObject {
        var walk = ElfWalk(bytes: bytes, name: name)
        try walk.header(machine: machine)
        try walk.segments()
        try walk.dynamicSection()
        try walk.symbols()
        try walk.versions()
        try walk.notes()
        return walk.found
    }

    /// What a library exports. `bytes` is the whole file, `name` is for messages. Throws MR3001.
    package static func exports(
        of bytes: [UInt8], name: String, machine: UInt16 = thisMachine
    ) throws(Failure) -> [ElfExport] {
        var walk = ElfWalk(bytes: bytes, name: name)
        try walk.header(machine: machine)
        try walk.segments()
        try walk.dynamicSection()
        return try walk.exports()
    }

    /// Throws what forbids loading it: MR3003 no entry, MR3004 entry of another major version,
    /// MR3010 a property of the file.
    package func check(name: String) throws(Failure) {
        if isProgram {
            throw Failure(
                .wrongFile, "\(name) is a program, not a shared library",
                next: "link it with -shared")
        }
        if !entries.contains(Self.entry) {
            if let other = entries.first {
                throw Failure(
                    .abiVersion,
                    "\(name) exports \(other); this host speaks version 1 (\(Self.entry))",
                    next: "build the plugin with the headers of this release")
            }
            throw Failure(
                .noEntry, "\(name) does not export the function \(Self.entry)",
                next: "define it in the plugin and keep it visible (MR_EXPORT, version script)")
        }
        if executableStack {
            throw Failure(
                .refusedFileProperty, "\(name) asks for an executable stack",
                next: "link with -z noexecstack; assembler files need a .note.GNU-stack section")
        }
        if textRelocations {
            throw Failure(
                .refusedFileProperty, "\(name) has relocations in its code (DT_TEXTREL)",
                next: "compile every object with -fPIC")
        }
        if staticTLS {
            throw Failure(
                .refusedFileProperty, "\(name) uses static thread-local storage (DF_STATIC_TLS)",
                next: "compile without -ftls-model=initial-exec; do not link an allocator into it")
        }
    }

    /// What is allowed and worth telling: one sentence each.
    package var warnings: [String] {
        var list: [String] = []
        if furtherNotes > 0 {
            list.append("has \(furtherNotes + 1) manifest notes; the first counts")
        }
        if otherExports > 0 {
            list.append("exports \(otherExports) symbols besides its entry; use a version script")
        }
        if uniqueSymbols > 0 {
            list.append("has \(uniqueSymbols) GNU-unique symbols, which all its versions share")
        }
        for folder in searchFolders where folder != "$ORIGIN" && folder != "${ORIGIN}" {
            list.append("looks for libraries in \(folder)")
        }
        return list
    }
}
