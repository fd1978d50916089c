// SPDX-License-Identifier: Apache-2.0

/// Numbers in the notation for C functions: as in JSON, and they fit their type exactly enough
/// that nothing is cut off.
enum CFunctionNumber {
    static func fits(_ text: String, _ type: CFunction.Scalar) -> Bool {
        if type == .bool { return text == "true" || text == "false" }
        guard let value = TreeValue.Content.float(text), value.isFinite else { return false }
        switch type {
        case .f64: return true
        case .f32: return Float(text)?.isFinite ?? false
        case .u64, .usize: return UInt64(text) != nil
        case .u8: return UInt8(text) != nil
        case .u16: return UInt16(text) != nil
        case .u32: return UInt32(text) != nil
        case .i8: return Int8(text) != nil
        case .i16: return Int16(text) != nil
        case .i32: return Int32(text) != nil
        case .i64, .isize: return Int64(text) != nil
        case .bool: return false
        }
    }
}
