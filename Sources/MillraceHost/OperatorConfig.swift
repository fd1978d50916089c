// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import Foundation
import Glibc
import MillraceCore

/// An operator's configuration as `mr_config` shows it. The values are checked already; what is
/// asked for under the wrong type or name is MR_E_CONFIG with a text.
@safe final class OperatorConfig {
    private let values: JSON
    // SAFETY(context): lives as long as the process.
    private let context: OpaquePointer
    // SAFETY(texts): strdup'ed by us, freed by deinit, so valid until create returns.
    private var texts: [UnsafeMutablePointer<CChar>] = unsafe []
    private let canonical: String

    @unsafe init(_ values: JSON, secrets: [String], context: OpaquePointer) {
        self.values = values
        unsafe self.context = context
        canonical = Self.text(Self.redacted(values, secrets: secrets))
    }

    deinit { unsafe texts.forEach { unsafe free($0) } }

    /// Gives `body` the table; valid during the call only.
    @unsafe func withTable<Result>(_ body: (UnsafePointer<mr_config>) -> Result) -> Result {
        var table = unsafe mr_config()
        unsafe table.struct_size = UInt32(MemoryLayout<mr_config>.size)
        // SAFETY(impl): `self` outlives the call.
        unsafe table.impl = Unmanaged.passUnretained(self).toOpaque()
        unsafe table.json = string(canonical)
        unsafe table.type = { unsafe OperatorConfig.of($0).kind(OperatorConfig.path($1)) }
        unsafe table.length = { unsafe OperatorConfig.of($0).length(OperatorConfig.path($1)) }
        unsafe table.key = {
            unsafe OperatorConfig.of($0).key(OperatorConfig.path($1), Int($2), $3)
        }
        unsafe table.get_bool = {
            unsafe OperatorConfig.of($0).read(OperatorConfig.path($1), "a boolean", $2) {
                guard case .bool(let value) = $0 else { return nil }
                return value ? 1 : 0
            }
        }
        unsafe table.get_int = {
            unsafe OperatorConfig.of($0).read(OperatorConfig.path($1), "an integer", $2) {
                guard case .int(let value) = $0 else { return nil }
                return value
            }
        }
        unsafe table.get_float = {
            unsafe OperatorConfig.of($0).read(OperatorConfig.path($1), "a number", $2) {
                switch $0 {
                case .double(let value): value
                case .int(let value): Double(value)
                default: nil
                }
            }
        }
        unsafe table.get_string = {
            let config = unsafe OperatorConfig.of($0)
            return unsafe config.read(OperatorConfig.path($1), "a text", $2) {
                guard case .string(let value) = $0 else { return nil }
                return unsafe config.string(value)
            }
        }
        return unsafe withUnsafePointer(to: &table) { unsafe body($0) }
    }

    @unsafe private static func of(_ table: UnsafePointer<mr_config>?) -> OperatorConfig {
        guard let impl = unsafe table?.pointee.impl else {
            preconditionFailure("BUG: a configuration without values")
        }
        return unsafe Unmanaged<OperatorConfig>.fromOpaque(impl).takeUnretainedValue()
    }

    @unsafe private static func path(_ text: UnsafePointer<CChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    /// RFC 6901; nil when there is no such value.
    private func find(_ pointer: String) -> JSON? {
        var value = values
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object:
                guard let member = value[name] else { return nil }
                value = member
            case .array(let items):
                guard let index = Int(name), items.indices.contains(index) else { return nil }
                value = items[index]
            default:
                return nil
            }
        }
        return value
    }

    private func kind(_ path: String) -> mr_type {
        switch find(path) {
        case nil: MR_T_ABSENT
        case .null: MR_T_NULL
        case .bool: MR_T_BOOL
        case .int: MR_T_INT
        case .double: MR_T_FLOAT
        case .string: MR_T_STRING
        case .array: MR_T_ARRAY
        case .object: MR_T_OBJECT
        }
    }

    private func length(_ path: String) -> UInt64 {
        switch find(path) {
        case .array(let items): UInt64(items.count)
        case .object(let members): UInt64(members.count)
        default: 0
        }
    }

    @unsafe private func key(
        _ path: String, _ index: Int, _ out: UnsafeMutablePointer<mr_str>?
    ) -> mr_status {
        guard case .object(let members) = find(path), members.indices.contains(index) else {
            return fail("there is no member \(index) at \(path)")
        }
        unsafe out?.pointee = string(members[index].name)
        return MR_OK
    }

    @unsafe private func read<Value>(
        _ path: String, _ wanted: String, _ out: UnsafeMutablePointer<Value>?,
        _ convert: (JSON) -> Value?
    ) -> mr_status {
        guard let value = find(path), value != .null else {
            return fail("the parameter at \(path) is not set")
        }
        guard let result = convert(value) else {
            return fail("the parameter at \(path) is not \(wanted)")
        }
        unsafe out?.pointee = result
        return MR_OK
    }

    private func fail(_ text: String) -> mr_status {
        // SAFETY(text): copied by the call.
        unsafe text.withCString {
            unsafe mrr_host_set_error(context, MR_E_CONFIG, $0, UInt64(text.utf8.count))
        }
        return MR_E_CONFIG
    }

    @unsafe private func string(_ text: String) -> mr_str {
        guard let copy = unsafe strdup(text) else { return unsafe mr_str() }
        unsafe texts.append(copy)
        return unsafe mr_str(data: UnsafePointer(copy), size: UInt64(text.utf8.count))
    }

    private static func redacted(_ values: JSON, secrets: [String]) -> JSON {
        guard case .object(let members) = values else { return values }
        return .object(
            members.map { secrets.contains($0.name) ? .init($0.name, .string("***")) : $0 })
    }

    /// Canonical JSON: members sorted, no white space.
    private static func text(_ value: JSON) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
