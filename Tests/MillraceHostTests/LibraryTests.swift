// SPDX-License-Identifier: Apache-2.0
import CMillrace
import FoundationEssentials
import Glibc
import MillraceCore
import Testing

@testable import MillraceHost

/// Libraries loaded into the test's own process, as an executor loads them.
@Suite(.serialized) struct LibraryTests {
    let shop: Workshop

    init() throws {
        shop = try Workshop()
    }

    @Test func `an operator is called with its own table and read through ours`() throws {
        // Shown by an extension function that answers only if `self` is its static table.
        let library = try load(
            name: "own",
            defines: [
                "EXTENSION=if(s!=own())return NULL;source.poll=(void*)create;"
                    + "if(!strcmp(id,MR_EXT_SOURCE))return(void*)&source",
                "OPERATOR=table.kind=1,table.process=NULL,table.input_count=0,out.schema=\"any\"",
                "OUTSIDE=static mr_operator table;static const void*own(void){return &table;}",
            ], prelude: "static const void *own(void);\n")
        let copy = try #require(unsafe library.operation("own"))
        let original = try #require(unsafe library.original("own"))
        #expect(unsafe copy != original)
        #expect(unsafe copy.pointee.outputs[0]?.pointee.struct_size == 48)
        #expect(unsafe library.extension("millrace.source/1", of: "own") != nil)
        #expect(unsafe library.extension("millrace.state/1", of: "own") == nil)
        #expect(unsafe library.operation("other") == nil)
        let source = try unsafe library.copyExtension(
            "millrace.source/1", of: "own", as: mr_source.self)
        #expect(unsafe source?.pointee.poll != nil)
        #expect(library.description("own")?.extensions == ["millrace.source/1"])
        let create = unsafe UInt(bitPattern: unsafeBitCast(copy.pointee.create, to: Int.self))
        #expect(library.addresses.first <= create && create <= library.addresses.last)
        #expect(library.changedSignals.isEmpty)
    }

    @Test func `the same content is loaded once and its load function called once`() throws {
        let marks = shop.path("marks")
        let reference = try reference(
            name: "once",
            defines: [
                "LOAD=load",
                "OUTSIDE=static mr_status load(const mr_host*h,mr_ctx*c)"
                    + "{int f=open(\"\(marks)\",O_CREAT|O_EXCL,0600);return f<0?MR_E_IO:MR_OK;}",
            ])
        let first = try unsafe PluginLibrary.open(reference, host: ProbeHostTable.table)
        let second = try unsafe PluginLibrary.open(reference, host: ProbeHostTable.table)
        #expect(first === second)
        #expect(FileManager.default.fileExists(atPath: marks))
    }

    @Test func `a load function that fails refuses the library`() throws {
        let reference = try reference(
            name: "unloadable",
            defines: [
                "LOAD=load",
                "OUTSIDE=static mr_status load(const mr_host*h,mr_ctx*c)"
                    + "{static int calls;return calls++?MR_OK:mr_fail(h,c,MR_E_IO,\"no disk\");}",
            ])
        let host = unsafe HostTable.table
        let failure = #expect(throws: Failure.self) {
            try unsafe PluginLibrary.open(reference, host: host)
        }
        #expect(failure?.code == .loadFailed)
        #expect(failure?.text.hasSuffix("returned MR_E_IO: no disk") == true)
        #expect(expectRefused(reference) == failure)
    }

    @Test func `two contents with one operator cannot be loaded together`() throws {
        _ = try load(name: "twin", defines: [])
        let other = try reference(
            name: "twin2", defines: ["ID=\"twin\"", "PLUGIN=plugin.license=\"MIT\""])
        #expect(expectRefused(other)?.code == .duplicateOperator)
    }

    @Test func `a copy that has changed is not loaded`() throws {
        var reference = try reference(name: "changed", defines: [])
        reference.sha256 = String(repeating: "0", count: 64)
        let failure = expectRefused(reference)
        #expect(failure?.code == .loadFailed)
        #expect(failure?.text.contains("000000000000…") == true)
    }

    @Test func `a shorter table is copied without reading behind it`() throws {
        // The table ends where an unreadable page begins.
        let page = Int(getpagesize())
        let memory = try #require(
            unsafe mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { _ = unsafe munmap(memory, 2 * page) }
        #expect(unsafe mprotect(memory + page, page, PROT_NONE) == 0)
        let table = unsafe (memory + page - 16).bindMemory(to: UInt32.self, capacity: 4)
        unsafe table[0] = 16
        unsafe table[1] = 7
        let copy = try unsafe GrowableTable.copy(
            UnsafePointer(UnsafeRawPointer(table).assumingMemoryBound(to: mr_start.self)),
            least: 16,
            place: DescriptorPlace(file: "x"))
        defer { unsafe copy.deallocate() }
        #expect(unsafe copy.pointee.struct_size == 16)
        #expect(unsafe copy.pointee.batch_limit == 7)
        #expect(unsafe copy.pointee.node == nil)
    }

    private func expectRefused(_ reference: PluginReference) -> Failure? {
        #expect(throws: Failure.self) {
            try unsafe PluginLibrary.open(reference, host: ProbeHostTable.table)
        }
    }

    private func load(
        name: String, defines: [String], prelude: String = ""
    ) throws -> PluginLibrary {
        let reference = try reference(name: name, defines: defines, prelude: prelude)
        return try unsafe PluginLibrary.open(reference, host: ProbeHostTable.table)
    }

    private func reference(
        name: String, defines: [String], prelude: String = ""
    ) throws -> PluginReference {
        let path = try shop.compile(
            prelude + Specimen.transform, to: "lib\(name).so",
            defines: ["NAME=\"\(name)\""] + defines)
        let file = try PluginFile.read(path)
        let copies = try PluginCopies(folder: shop.path("cache"))
        return PluginReference(
            name: name, version: "1.0.0", sha256: file.sha256, path: path,
            copy: try copies.keep(file))
    }
}
