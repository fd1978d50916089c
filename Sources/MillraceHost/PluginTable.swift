// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore

/// What the entry function of a library returned, read once and checked in the order of
/// docs/ABI.md: versions, then every operator.
@safe package struct PluginTable: @unchecked Sendable {
    package let name: String
    package let version: String
    package let license: String?
    package let toolchain: String?
    package let abiVersion: UInt32
    package let abiVersionMin: UInt32
    package let operators: [OperatorDescriptor]
    // SAFETY(load): a function of a library that is never unloaded.
    /// To be called once per process, before the first `create`.
    @unsafe let load: (@convention(c) (UnsafePointer<mr_host>?, OpaquePointer?) -> mr_status)?

    /// `file` is for messages; `call` hears of each call into the plugin before it is made.
    /// Throws MR3003, MR3004, MR3005, MR3101, MR3102.
    @unsafe static func read(
        _ original: UnsafePointer<mr_plugin>?, host: UnsafePointer<mr_host>, file: String,
        before call: (String) -> Void = { _ in }
    ) throws(Failure) -> PluginTable {
        guard let original = unsafe original else {
            throw Failure(
                .noEntry, "\(file): its entry function returned NULL",
                next: "return a pointer to static data, always the same")
        }
        let place = DescriptorPlace(file: file)
        let table = try unsafe GrowableTable.read(
            original, least: DescriptorReader.pluginBytesLeast, place: place)
        try unsafe checkVersions(
            theirs: table.abi_version, least: table.min_abi_version,
            ours: host.pointee.abi_version, file)
        let name = try unsafe DescriptorReader.required(table.name, place.dot("name"))
        try DescriptorRules.checkID(name, place.dot("name"))
        let version = try unsafe DescriptorReader.required(table.version, place.dot("version"))
        try DescriptorRules.checkVersion(version, place.dot("version"))
        return unsafe PluginTable(
            name: name, version: version,
            license: try DescriptorReader.text(table.license, place.dot("license")),
            toolchain: try DescriptorReader.text(table.toolchain, place.dot("toolchain")),
            abiVersion: table.abi_version, abiVersionMin: table.min_abi_version,
            operators: try operators(table, host: host, place, before: call), load: table.load)
    }

    private static func checkVersions(
        theirs: UInt32, least: UInt32, ours: UInt32, _ file: String
    ) throws(Failure) {
        guard theirs >> 16 == ours >> 16 else {
            throw Failure(
                .abiVersion,
                "\(file) was built for ABI \(text(theirs)), this host speaks \(text(ours))",
                next: "build the plugin with the headers of this release")
        }
        guard least <= ours else {
            throw Failure(
                .abiVersion,
                "\(file) needs a host of ABI \(text(least)) or newer, this one has \(text(ours))",
                next: "use a newer millrace, or build the plugin with older headers")
        }
    }

    static func text(_ abi: UInt32) -> String { "\(abi >> 16).\(abi & 0xffff)" }

    @unsafe private static func operators(
        _ table: mr_plugin, host: UnsafePointer<mr_host>, _ place: DescriptorPlace,
        before call: (String) -> Void
    ) throws(Failure) -> [OperatorDescriptor] {
        let count = unsafe table.operator_count
        let here = place.dot("operators")
        guard count > 0 else { throw here.refusal("is empty, a plugin has at least one") }
        guard count <= DescriptorRules.countMax else {
            throw here.refusal(
                "has \(count) entries, at most \(DescriptorRules.countMax) are allowed")
        }
        guard let array = unsafe table.operators else {
            throw here.refusal("is NULL, but its count is \(count)")
        }
        var list: [OperatorDescriptor] = []
        for i in 0..<Int(count) {
            // SAFETY(array): `operator_count` pointers, by the plugin's word.
            let one = try unsafe OperatorDescriptor.read(
                array[i], number: i, file: place.file, features: host.pointee.features,
                before: call)
            let id = one.description.id
            guard !list.contains(where: { $0.description.id == id }) else {
                throw Failure(
                    .duplicateOperator, "\(place.file) has two operators called \(id)",
                    next: "give each its own id")
            }
            list.append(one)
        }
        return list
    }
}
