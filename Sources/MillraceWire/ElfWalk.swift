// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One pass over the bytes of an ELF64 file; the steps are called in order by `SharedObject.read`.
struct ElfWalk {
    /// A part of the file that the loader maps.
    private struct Load {
        var address: UInt64
        var offset: UInt64
        var size: UInt64
    }

    private struct Segment {
        var offset: UInt64
        var size: UInt64
        var alignment: UInt64
    }

    private let bytes: [UInt8]
    private let name: String
    private(set) var found = SharedObject()
    private var loads: [Load] = []
    private var noteSegments: [Segment] = []
    private var dynamic: Segment?
    /// Values of the dynamic section by tag, for tags that occur once.
    private var entries: [UInt64: UInt64] = [:]

    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    mutating func header(machine: UInt16) throws(Failure) {
        guard bytes.count >= 4, bytes[0..<4].elementsEqual([0x7f, 0x45, 0x4c, 0x46]) else {
            let start = bytes.prefix(4).map { Self.hex($0) }.joined(separator: " ")
            throw Failure(
                .wrongFile,
                "\(name) is no ELF file: it begins with \(start.isEmpty ? "nothing" : start)",
                next: "give the shared library that the compiler made (lib….so)")
        }
        guard bytes.count >= 64 else { throw damaged("it ends within the ELF header") }
        guard bytes[4] == 2, bytes[5] == 1 else {
            throw Failure(.wrongFile, "\(name) is not a 64-bit little-endian ELF file")
        }
        let type = try u16(16)
        guard type == 3 else {
            let kinds: [UInt16: String] = [1: "an object file", 2: "a program", 4: "a core dump"]
            throw Failure(
                .wrongFile, "\(name) is \(kinds[type] ?? "ELF type \(type)"), not a shared library",
                next: "link it with -shared")
        }
        let theirs = try u16(18)
        guard theirs == machine else {
            throw Failure(
                .wrongFile,
                "\(name) is for \(Self.machine(theirs)), this machine is \(Self.machine(machine))",
                next: "build the plugin for this machine")
        }
    }

    mutating func segments() throws(Failure) {
        let first = try u64(32)
        let size = UInt64(try u16(54))
        let count = UInt64(try u16(56))
        guard size >= 56 else { throw damaged("its program headers have \(size) bytes") }
        var stackSeen = false
        for i in 0..<count {
            let at = try sum(first, i * size)
            let kind = try u32(at)
            let flags = try u32(try sum(at, 4))
            let segment = Segment(
                offset: try u64(try sum(at, 8)), size: try u64(try sum(at, 32)),
                alignment: try u64(try sum(at, 48)))
            switch kind {
            case 1:
                loads.append(
                    Load(
                        address: try u64(try sum(at, 16)), offset: segment.offset,
                        size: segment.size))
            case 2: dynamic = segment
            case 4: noteSegments.append(segment)
            case 0x6474_e551:
                stackSeen = true
                found.executableStack = flags & 1 != 0
            default: break
            }
        }
        // Without the header the loader assumes the worst on x86-64.
        if !stackSeen { found.executableStack = SharedObject.thisMachine == 62 }
    }

    mutating func dynamicSection() throws(Failure) {
        guard let dynamic else { throw damaged("it has no dynamic section") }
        var names: [UInt64] = []
        var folders: [UInt64] = []
        for i in 0..<(dynamic.size / 16) {
            let at = try sum(dynamic.offset, i * 16)
            let tag = try u64(at)
            let value = try u64(try sum(at, 8))
            if tag == 0 { break }
            switch tag {
            case 1: names.append(value)
            case 15, 29: folders.append(value)
            case 22: found.textRelocations = true
            case 30:
                if value & 0x4 != 0 { found.textRelocations = true }
                if value & 0x10 != 0 { found.staticTLS = true }
            case 0x6fff_fffb: found.isProgram = value & 0x0800_0000 != 0
            default: entries[tag] = value
            }
        }
        for name in names { found.needed.append(try dynamicString(name)) }
        for folder in folders {
            found.searchFolders += try dynamicString(folder).split(separator: ":").map(String.init)
        }
    }

    /// Count exported symbols.
    mutating func symbols() throws(Failure) {
        for symbol in try exported() {
            if symbol.binding == 10 { found.uniqueSymbols += 1 }
            if try startsWithEntry(symbol.name), symbol.kind == 2 {
                found.entries.append(try dynamicString(symbol.name))
            } else {
                found.otherExports += 1
            }
        }
    }

    /// What it exports, by name; versions of one name are one.
    func exports() throws(Failure) -> [ElfExport] {
        var seen: Set<String> = []
        var all: [ElfExport] = []
        for symbol in try exported() {
            let name = try dynamicString(symbol.name)
            // 10: chosen when the library is loaded, by a function.
            let export = ElfExport(name: name, isFunction: symbol.kind == 2 || symbol.kind == 10)
            if seen.insert(name).inserted { all.append(export) }
        }
        return all
    }

    private struct Symbol {
        /// In the table of strings.
        var name: UInt64
        var kind: UInt8
        var binding: UInt8
    }

    /// Exported symbols. Their number is not in the file: it follows from the hash table that the
    /// loader uses, the GNU one or the older one.
    private func exported() throws(Failure) -> [Symbol] {
        guard let tableAddress = entries[6] else { return [] }
        let table = try offset(of: tableAddress)
        let range: Range<UInt64>
        if let hash = entries[0x6fff_fef5] {
            range = try gnuHashRange(try offset(of: hash))
        } else if let hash = entries[4] {
            range = 0..<UInt64(try u32(try sum(try offset(of: hash), 4)))
        } else {
            return []
        }
        guard range.upperBound <= UInt64(bytes.count) / 24 else {
            throw damaged("its symbol table does not fit into the file")
        }
        var symbols: [Symbol] = []
        for i in range {
            let at = try sum(table, i * 24)
            let info = try u8(try sum(at, 4))
            let visibility = try u8(try sum(at, 5)) & 3
            let section = try u16(try sum(at, 6))
            let binding = info >> 4
            if section == 0 || visibility == 1 || visibility == 2 { continue }
            guard binding == 1 || binding == 2 || binding == 10 else { continue }
            symbols.append(Symbol(name: UInt64(try u32(at)), kind: info & 15, binding: binding))
        }
        return symbols
    }

    /// The symbols a GNU hash table reaches: from its first one to the end of the last chain.
    private func gnuHashRange(_ at: UInt64) throws(Failure) -> Range<UInt64> {
        let buckets = UInt64(try u32(at))
        let first = UInt64(try u32(try sum(at, 4)))
        let bloom = UInt64(try u32(try sum(at, 8)))
        let bucketStart = try sum(at, 16 + bloom * 8)
        let chainStart = try sum(bucketStart, buckets * 4)
        guard buckets <= UInt64(bytes.count) / 4 else {
            throw damaged("its hash table is too large")
        }
        var last: UInt64 = 0
        for i in 0..<buckets { last = max(last, UInt64(try u32(try sum(bucketStart, i * 4)))) }
        guard last >= first else { return 0..<0 }
        while try u32(try sum(chainStart, (last - first) * 4)) & 1 == 0 { last += 1 }
        return first..<(last + 1)
    }

    /// The newest `GLIBC_x.y` among the versions it needs.
    mutating func versions() throws(Failure) {
        guard let address = entries[0x6fff_fffe], let count = entries[0x6fff_ffff] else { return }
        var best: (Int, Int, Int)?
        var at = try offset(of: address)
        // Far more than a real library has; a damaged one must not keep us busy.
        var budget = 4096
        for _ in 0..<min(count, 1024) {
            var part = try sum(at, UInt64(try u32(try sum(at, 8))))
            for _ in 0..<(try u16(try sum(at, 2))) {
                budget -= 1
                guard budget > 0 else { throw damaged("it needs too many versions") }
                let text = try dynamicString(UInt64(try u32(try sum(part, 8))))
                if let version = Self.glibc(text), best.map({ $0 < version }) ?? true {
                    best = version
                }
                let next = UInt64(try u32(try sum(part, 12)))
                if next == 0 { break }
                part = try sum(part, next)
            }
            let next = UInt64(try u32(try sum(at, 12)))
            if next == 0 { break }
            at = try sum(at, next)
        }
        if let best { found.glibc = "\(best.0).\(best.1)" + (best.2 > 0 ? ".\(best.2)" : "") }
    }

    mutating func notes() throws(Failure) {
        for segment in noteSegments {
            let step: UInt64 = segment.alignment == 8 ? 8 : 4
            let end = try sum(segment.offset, segment.size)
            var at = segment.offset
            while at < end, end - at >= 12 {
                let nameSize = UInt64(try u32(at))
                let size = UInt64(try u32(try sum(at, 4)))
                let type = try u32(try sum(at, 8))
                let text = try sum(at, Self.round(12 + nameSize, step))
                if type == 1, nameSize == 9, try equals("Millrace\0", at: try sum(at, 12)) {
                    try keepNote(at: text, size: size)
                }
                at = try sum(text, Self.round(size, step))
            }
        }
    }

    private mutating func keepNote(at start: UInt64, size: UInt64) throws(Failure) {
        guard size <= UInt64(SharedObject.noteBytesMax) else {
            throw Failure(
                .noteContradicts,
                "\(name): its manifest note has \(size) bytes, at most 65536 are read")
        }
        guard found.note == nil else {
            found.furtherNotes += 1
            return
        }
        guard let text = slice(start, size) else { throw damaged("its note leaves the file") }
        // The C macro counts the NUL that ends its string.
        found.note = Array(text.last == 0 ? text.dropLast() : text)
    }

    // MARK: reading, always within bounds

    private func slice(_ start: UInt64, _ count: UInt64) -> ArraySlice<UInt8>? {
        let size = UInt64(bytes.count)
        guard start <= size, count <= size - start else { return nil }
        return bytes[Int(start)..<Int(start + count)]
    }

    private func number(_ at: UInt64, _ count: UInt64) throws(Failure) -> UInt64 {
        guard let part = slice(at, count) else { throw damaged("an offset leaves the file") }
        var value: UInt64 = 0
        for byte in part.reversed() { value = value << 8 | UInt64(byte) }
        return value
    }

    private func u8(_ at: UInt64) throws(Failure) -> UInt8 { UInt8(try number(at, 1)) }
    private func u16(_ at: UInt64) throws(Failure) -> UInt16 { UInt16(try number(at, 2)) }
    private func u32(_ at: UInt64) throws(Failure) -> UInt32 { UInt32(try number(at, 4)) }
    private func u64(_ at: UInt64) throws(Failure) -> UInt64 { try number(at, 8) }

    private func sum(_ a: UInt64, _ b: UInt64) throws(Failure) -> UInt64 {
        let (value, overflow) = a.addingReportingOverflow(b)
        guard !overflow else { throw damaged("an offset overflows") }
        return value
    }

    /// Where in the file the loader finds what it maps at `address`.
    private func offset(of address: UInt64) throws(Failure) -> UInt64 {
        for load in loads where address >= load.address && address - load.address < load.size {
            return try sum(load.offset, address - load.address)
        }
        throw damaged("an address is in no segment")
    }

    private func dynamicString(_ position: UInt64) throws(Failure) -> String {
        guard let table = entries[5], let size = entries[10], position < size else {
            throw damaged("a name is outside its string table")
        }
        let start = try sum(try offset(of: table), position)
        guard let rest = slice(start, min(size - position, 4096, left(from: start))),
            let end = rest.firstIndex(of: 0)
        else { throw damaged("a name has no end") }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private func left(from start: UInt64) -> UInt64 {
        start < UInt64(bytes.count) ? UInt64(bytes.count) - start : 0
    }

    private func startsWithEntry(_ position: UInt64) throws(Failure) -> Bool {
        guard let table = entries[5], let size = entries[10], position < size else { return false }
        return try equals(SharedObject.entryPrefix, at: try sum(try offset(of: table), position))
    }

    private func equals(_ text: String, at start: UInt64) throws(Failure) -> Bool {
        slice(start, UInt64(text.utf8.count))?.elementsEqual(text.utf8) ?? false
    }

    // MARK: words

    private func damaged(_ reason: String) -> Failure {
        Failure(.wrongFile, "\(name) is damaged: \(reason)", next: "build or copy it again")
    }

    private static func round(_ value: UInt64, _ step: UInt64) -> UInt64 {
        (value + step - 1) / step * step
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }

    private static func machine(_ number: UInt16) -> String {
        let names: [UInt16: String] = [
            3: "x86", 40: "arm", 62: "x86-64", 183: "aarch64", 243: "riscv", 21: "ppc64",
            22: "s390x",
        ]
        return names[number] ?? "machine \(number)"
    }

    private static func glibc(_ text: String) -> (Int, Int, Int)? {
        guard text.hasPrefix("GLIBC_") else { return nil }
        let parts = text.dropFirst(6).split(separator: ".").map { Int($0) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        return (major, minor, parts.count > 2 ? parts[2] ?? 0 : 0)
    }
}
