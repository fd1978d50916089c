// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore

/// Copies of a plugin's growable structs, brought to the size that this host knows.
///
/// A plugin may have been compiled with older headers (its struct is shorter: what is missing
/// reads as zero) or newer ones (what is longer is not read). So nobody else in the host ever
/// asks for `struct_size`. A size that no release can have had is a lie and refused.
enum GrowableTable {
    /// No table of the ABI comes near it.
    static let bytesMax = 4096

    /// The table at `original`, zero where it is shorter than ours. `least` is its size in ABI 1.0.
    @unsafe static func read<Table>(
        _ original: UnsafePointer<Table>?, least: Int, place: DescriptorPlace
    ) throws(Failure) -> Table {
        guard let original = unsafe original else { throw place.refusal("is NULL") }
        let raw = unsafe UnsafeRawPointer(original)
        let size = try unsafe checkedSize(raw, least: least, place: place)
        return unsafe withUnsafeTemporaryAllocation(of: Table.self, capacity: 1) { memory in
            let bytes = UnsafeMutableRawBufferPointer(memory)
            // SAFETY(memory): as long as Table; `size` bytes of the original are what its maker
            // says it has. C structs have no invalid bits, zero is a value of all their fields.
            unsafe memset(bytes.baseAddress!, 0, bytes.count)
            unsafe memcpy(bytes.baseAddress!, raw, min(size, bytes.count))
            return unsafe memory[0]
        }
    }

    /// The same in memory of ours that lives for ever.
    @unsafe static func copy<Table>(
        _ original: UnsafePointer<Table>?, least: Int, place: DescriptorPlace
    ) throws(Failure) -> UnsafePointer<Table> {
        let table = try unsafe read(original, least: least, place: place)
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        unsafe memory.initialize(to: table)
        return unsafe UnsafePointer(memory)
    }

    /// The `struct_size` of a growable table, in bytes.
    @unsafe static func checkedSize(
        _ table: UnsafeRawPointer, least: Int, place: DescriptorPlace
    ) throws(Failure) -> Int {
        guard UInt(bitPattern: table) % 8 == 0 else {
            throw place.refusal("is at an address that is not a multiple of 8")
        }
        let size = Int(unsafe table.loadUnaligned(as: UInt32.self))
        guard size >= least else {
            throw place.refusal("struct_size is \(size), expected at least \(least)")
        }
        guard size % 8 == 0 else {
            throw place.refusal("struct_size is \(size), expected a multiple of 8")
        }
        guard size <= bytesMax else {
            throw place.refusal("struct_size is \(size), expected at most \(bytesMax)")
        }
        return size
    }

    /// Copies of the tables in an array of pointers, and the array of these copies.
    @unsafe static func copies<Table>(
        _ array: UnsafePointer<UnsafePointer<Table>?>?, count: UInt32, least: Int,
        place: DescriptorPlace
    ) throws(Failure) -> UnsafePointer<UnsafePointer<Table>?>? {
        guard count > 0 else { return nil }
        guard count <= DescriptorRules.countMax else {
            throw place.refusal(
                "has \(count) entries, at most \(DescriptorRules.countMax) are allowed")
        }
        guard let array = unsafe array else {
            throw place.refusal("is NULL, but its count is \(count)")
        }
        let copies = UnsafeMutablePointer<UnsafePointer<Table>?>.allocate(capacity: Int(count))
        for i in 0..<Int(count) {
            // SAFETY(array): `count` pointers, by the plugin's word.
            unsafe copies[i] = try copy(array[i], least: least, place: place[i])
        }
        return unsafe UnsafePointer(copies)
    }
}

/// Which field of which descriptor is being read; makes the failures.
struct DescriptorPlace {
    /// The library, as the user knows it.
    var file: String
    /// `operator 2` until its id is known, then `demo.keep`; empty for the library's own table.
    var operation: String = ""
    /// `inputs[0].name`
    var field: String = ""

    subscript(i: Int) -> DescriptorPlace { with(field: "\(field)[\(i)]") }

    func dot(_ name: String) -> DescriptorPlace {
        with(field: field.isEmpty ? name : "\(field).\(name)")
    }

    private func with(field: String) -> DescriptorPlace {
        DescriptorPlace(file: file, operation: operation, field: field)
    }

    func refusal(_ text: String, next: String? = nil) -> Failure {
        let words = [operation.isEmpty ? "mr_plugin" : operation, field].filter { !$0.isEmpty }
        return Failure(
            .descriptorInvalid, "\(file): \(words.joined(separator: ": ")): \(text)",
            next: next ?? "the rules of descriptors are in docs/ABI.md")
    }
}
