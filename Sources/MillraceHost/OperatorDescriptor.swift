// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore

/// One operator of a loaded library: the plugin's own table, our copy of it, and what it says.
@safe package struct OperatorDescriptor: @unchecked Sendable {
    // SAFETY(original): static, immutable data of a library that is never unloaded.
    /// What `create` and `extension` want as `self`.
    @unsafe package let original: UnsafePointer<mr_operator>
    // SAFETY(copy): allocated by `read`, never freed, never written afterwards.
    /// Every field of the newest headers, zero where the plugin has none. Its parameters and ports
    /// are copies of the same kind.
    @unsafe package let copy: UnsafePointer<mr_operator>
    package let description: OperatorDescription

    /// Reads and checks the `number`-th operator of a library. Throws MR3101, or MR3005 when it
    /// needs features that are not in `features`.
    @unsafe static func read(
        _ original: UnsafePointer<mr_operator>?, number: Int, file: String, features: UInt64,
        before call: (String) -> Void
    ) throws(Failure) -> OperatorDescriptor {
        var place = DescriptorPlace(file: file, operation: "operator \(number)")
        var table = try unsafe GrowableTable.read(
            original, least: DescriptorReader.operatorBytesLeast, place: place)
        let id = try unsafe DescriptorReader.required(table.id, place.dot("id"))
        try DescriptorRules.checkID(id, place.dot("id"))
        place.operation = id
        unsafe table.params = try GrowableTable.copies(
            table.params, count: table.param_count, least: DescriptorReader.parameterBytesLeast,
            place: place.dot("params"))
        unsafe table.inputs = try GrowableTable.copies(
            table.inputs, count: table.input_count, least: DescriptorReader.portBytesLeast,
            place: place.dot("inputs"))
        unsafe table.outputs = try GrowableTable.copies(
            table.outputs, count: table.output_count, least: DescriptorReader.portBytesLeast,
            place: place.dot("outputs"))
        var description = try unsafe describe(table, id: id, place)
        let unknown = unsafe table.needs & ~features
        guard unknown == 0 else {
            let bits = (0..<64).filter { unknown >> UInt64($0) & 1 == 1 }.map(String.init)
            throw Failure(
                .unknownNeed,
                "\(file): \(id) needs feature \(bits.joined(separator: ", ")), this host has "
                    + (features == 0 ? "none" : "0x" + String(features, radix: 16)),
                next: "use a newer millrace, or an older version of the plugin")
        }
        try unsafe checkFunctions(table, description.kind, place)
        let copy = UnsafeMutablePointer<mr_operator>.allocate(capacity: 1)
        unsafe copy.initialize(to: table)
        guard let original = unsafe original else { throw place.refusal("is NULL") }
        let descriptor = unsafe OperatorDescriptor(
            original: original, copy: UnsafePointer(copy), description: description)
        call("in the extension function of \(id)")
        description.extensions = try OperatorAbilities.ask(descriptor, place)
        description.sourceFlags = OperatorAbilities.sourceFlags(of: descriptor)
        try unsafe OperatorAbilities.check(
            description, hasProcess: table.process != nil, place)
        return unsafe OperatorDescriptor(
            original: original, copy: UnsafePointer(copy), description: description)
    }

    @unsafe private static func describe(
        _ table: mr_operator, id: String, _ place: DescriptorPlace
    ) throws(Failure) -> OperatorDescription {
        let kind: OperatorDescription.Kind
        switch unsafe table.kind {
        case MR_KIND_TRANSFORM: kind = .transform
        case MR_KIND_SOURCE: kind = .source
        case MR_KIND_SINK: kind = .sink
        case MR_KIND_PARTITIONER: kind = .partitioner
        default:
            throw place.dot("kind").refusal(
                "is \(unsafe table.kind.rawValue), a kind this host does not know")
        }
        var reader = DescriptorReader()
        let description = unsafe OperatorDescription(
            id: id,
            version: try DescriptorReader.required(table.version, place.dot("version")),
            title: try DescriptorReader.text(table.title, place.dot("title")) ?? "",
            description: try DescriptorReader.text(table.description, place.dot("description"))
                ?? "",
            example: try DescriptorReader.text(table.example, place.dot("example")), kind: kind,
            flags: OperatorDescription.Flags(rawValue: table.flags),
            parameters: try reader.parameters(
                table.params, count: table.param_count, place.dot("params")),
            inputs: try reader.ports(table.inputs, count: table.input_count, place.dot("inputs")),
            outputs: try reader.ports(
                table.outputs, count: table.output_count, place.dot("outputs")),
            parallelismMax: Int(table.max_parallelism),
            batchPreferred: Int(table.batch_preferred), stateVersion: Int(table.state_version))
        try DescriptorRules.check(description, place)
        return description
    }

    /// Functions that every operator has, and `process` where its kind has it.
    @unsafe private static func checkFunctions(
        _ table: mr_operator, _ kind: OperatorDescription.Kind, _ place: DescriptorPlace
    ) throws(Failure) {
        let missing = "is NULL, every operator has it"
        if unsafe table.create == nil { throw place.dot("create").refusal(missing) }
        if unsafe table.destroy == nil { throw place.dot("destroy").refusal(missing) }
        if unsafe table.start == nil { throw place.dot("start").refusal(missing) }
        if unsafe table.extension == nil {
            throw place.dot("extension").refusal("\(missing); it may answer NULL to everything")
        }
        if kind == .source || kind == .partitioner, unsafe table.process != nil {
            throw place.dot("process").refusal("is set, a \(kind.rawValue) has none")
        }
    }
}
