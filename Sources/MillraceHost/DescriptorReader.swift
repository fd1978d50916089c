// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore

/// Turns the C structs of one operator into values. Checks what can only be checked on the C side:
/// pointers, counts, texts, numbers of enumerations. What they mean is `DescriptorRules`' affair.
///
/// Pointers that are neither NULL nor valid cannot be recognised; the probe process exists to die
/// of them.
struct DescriptorReader {
    /// Largest text of a descriptor.
    static let textBytesMax = 1 << 20
    /// Parameters of one operator, with those inside lists and objects.
    private var parametersLeft = 4096

    // Sizes in ABI 1.0, for ever.
    static let pluginBytesLeast = 64
    static let operatorBytesLeast = 160
    static let parameterBytesLeast = 104
    static let portBytesLeast = 48

    /// NULL gives nil.
    @unsafe static func text(
        _ pointer: UnsafePointer<CChar>?, _ place: DescriptorPlace
    ) throws(Failure) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        let length = unsafe strnlen(pointer, textBytesMax + 1)
        guard length <= textBytesMax else {
            throw place.refusal("is longer than \(textBytesMax) bytes, or has no end")
        }
        // SAFETY(pointer): strnlen has read these bytes.
        let bytes = unsafe UnsafeBufferPointer(start: pointer, count: length)
        guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
            throw place.refusal("is not UTF-8")
        }
        return text
    }

    @unsafe static func required(
        _ pointer: UnsafePointer<CChar>?, _ place: DescriptorPlace
    ) throws(Failure) -> String {
        guard let text = try unsafe text(pointer, place) else { throw place.refusal("is NULL") }
        return text
    }

    /// Ports of our own copies.
    @unsafe func ports(
        _ ports: UnsafePointer<UnsafePointer<mr_port>?>?, count: UInt32, _ place: DescriptorPlace
    ) throws(Failure) -> [PortDescription] {
        var list: [PortDescription] = []
        for i in 0..<Int(count) {
            guard let port = unsafe ports?[i] else { throw place[i].refusal("is NULL") }
            let here = place[i]
            let flags = unsafe Int(port.pointee.flags)
            list.append(
                PortDescription(
                    name: try unsafe Self.required(port.pointee.name, here.dot("name")),
                    doc: try unsafe Self.required(port.pointee.doc, here.dot("doc")),
                    schema: try unsafe Self.text(port.pointee.schema, here.dot("schema")),
                    forwards: flags & MR_PORT_FORWARDS != 0,
                    optional: flags & MR_PORT_OPTIONAL != 0,
                    recordsPerInputMax: unsafe Int(port.pointee.max_records_per_input),
                    bytesPerInputMax: unsafe Int(port.pointee.max_bytes_per_input),
                    timesInputMax: unsafe Int(port.pointee.max_times_input)))
        }
        return list
    }

    /// Parameters of our own copies; those inside them are copied here.
    @unsafe mutating func parameters(
        _ parameters: UnsafePointer<UnsafePointer<mr_param>?>?, count: UInt32,
        _ place: DescriptorPlace, depth: Int = 0
    ) throws(Failure) -> [ParameterDescription] {
        var list: [ParameterDescription] = []
        for i in 0..<Int(count) {
            guard let one = unsafe parameters?[i] else { throw place[i].refusal("is NULL") }
            list.append(try unsafe parameter(one.pointee, place[i], depth: depth, isItem: false))
        }
        return list
    }

    @unsafe private mutating func parameter(
        _ table: mr_param, _ place: DescriptorPlace, depth: Int, isItem: Bool
    ) throws(Failure) -> ParameterDescription {
        parametersLeft -= 1
        guard parametersLeft > 0 else {
            throw place.refusal("the operator has too many parameters")
        }
        guard depth < DescriptorRules.depthMax else {
            throw place.refusal("is more than \(DescriptorRules.depthMax) levels deep")
        }
        // An item has no name and needs no text of its own.
        let name =
            unsafe isItem
            ? try Self.text(table.name, place.dot("name")) ?? ""
            : try Self.required(table.name, place.dot("name"))
        let doc =
            unsafe isItem
            ? try Self.text(table.doc, place.dot("doc")) ?? ""
            : try Self.required(table.doc, place.dot("doc"))
        let kind = try unsafe Self.kind(table.type, place.dot("type"))
        let flags = unsafe Int(table.flags)
        var made = ParameterDescription(name: name, kind: kind, doc: doc)
        made.required = flags & MR_PARAM_REQUIRED != 0
        made.secret = flags & MR_PARAM_SECRET != 0
        made.live = flags & MR_PARAM_LIVE != 0
        made.advanced = flags & MR_PARAM_ADVANCED != 0
        made.multiline = flags & MR_PARAM_MULTILINE != 0
        made.defaultValue = try unsafe Self.text(table.default_value, place.dot("default_value"))
        made.example = try unsafe Self.text(table.example, place.dot("example"))
        made.minimum = try unsafe Self.text(table.minimum, place.dot("minimum"))
        made.maximum = try unsafe Self.text(table.maximum, place.dot("maximum"))
        made.deprecated = try unsafe Self.text(table.deprecated, place.dot("deprecated"))
        made.choices = try unsafe choices(table, place.dot("choices"))
        if kind == .list || kind == .map {
            let item = try unsafe GrowableTable.read(
                table.item, least: Self.parameterBytesLeast, place: place.dot("item"))
            made.item = [
                try unsafe parameter(item, place.dot("item"), depth: depth + 1, isItem: true)
            ]
        }
        if kind == .object {
            let fields = try unsafe GrowableTable.copies(
                table.fields, count: table.field_count, least: Self.parameterBytesLeast,
                place: place.dot("fields"))
            made.fields = try unsafe parameters(
                fields, count: table.field_count, place.dot("fields"), depth: depth + 1)
        }
        return made
    }

    @unsafe private func choices(
        _ table: mr_param, _ place: DescriptorPlace
    ) throws(Failure) -> [ParameterDescription.Choice] {
        let count = unsafe Int(table.choice_count)
        guard count > 0 else { return [] }
        guard count <= DescriptorRules.countMax else {
            throw place.refusal(
                "has \(count) entries, at most \(DescriptorRules.countMax) are allowed")
        }
        guard let array = unsafe table.choices else {
            throw place.refusal("is NULL, but its count is \(count)")
        }
        var list: [ParameterDescription.Choice] = []
        for i in 0..<count {
            // SAFETY(array): `choice_count` frozen structs, by the plugin's word.
            let choice = unsafe array[i]
            list.append(
                ParameterDescription.Choice(
                    value: try unsafe Self.required(choice.value, place[i].dot("value")),
                    doc: try unsafe Self.text(choice.doc, place[i].dot("doc")) ?? ""))
        }
        return list
    }

    private static func kind(
        _ number: mr_param_type, _ place: DescriptorPlace
    ) throws(Failure) -> ParameterDescription.Kind {
        switch number {
        case MR_P_BOOL: return .bool
        case MR_P_INT: return .int
        case MR_P_FLOAT: return .float
        case MR_P_STRING: return .string
        case MR_P_ENUM: return .enum
        case MR_P_DURATION: return .duration
        case MR_P_SIZE: return .size
        case MR_P_RATE: return .rate
        case MR_P_EXPRESSION: return .expression
        case MR_P_FIELD: return .field
        case MR_P_LIST: return .list
        case MR_P_MAP: return .map
        case MR_P_OBJECT: return .object
        default: throw place.refusal("is \(number.rawValue), a type this host does not know")
        }
    }
}
