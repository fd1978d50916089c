// SPDX-License-Identifier: Apache-2.0
// Turns descriptions into the C tables that the host reads. Tables and texts are made once, when
// the library is loaded, and never freed: a plugin is never unloaded.
import CMillrace

// SAFETY(forever): allocated here, never freed, written by nobody after this.
func forever<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    unsafe memory.initialize(to: value)
    return unsafe memory
}

func forever<Value>(array: [Value]) -> UnsafePointer<Value>? {
    guard !array.isEmpty else { return nil }
    let memory = UnsafeMutableBufferPointer<Value>.allocate(capacity: array.count)
    _ = unsafe memory.initialize(from: array)
    return unsafe UnsafePointer(memory.baseAddress)
}

func forever(text: String?) -> UnsafePointer<CChar>? {
    guard let text else { return nil }
    return unsafe forever(array: text.utf8.map { CChar(bitPattern: $0) } + [0])
}

func tableSize<Table>(_ type: Table.Type) -> UInt32 { UInt32(MemoryLayout<Table>.size) }

extension Port {
    func table() -> UnsafePointer<mr_port>? {
        var table = unsafe mr_port()
        unsafe table.struct_size = tableSize(mr_port.self)
        unsafe table.flags = isOptional ? UInt32(MR_PORT_OPTIONAL) : 0
        unsafe table.name = forever(text: name)
        unsafe table.doc = forever(text: doc)
        unsafe table.schema = forever(text: schema)
        switch bound {
        case .none: break
        case .writes(let records, let bytes, let times):
            unsafe table.max_records_per_input = UInt32(records)
            unsafe table.max_bytes_per_input = UInt32(bytes)
            unsafe table.max_times_input = UInt32(times)
        case .forwards(let records):
            unsafe table.flags |= UInt32(MR_PORT_FORWARDS)
            unsafe table.max_records_per_input = UInt32(records)
        }
        return unsafe UnsafePointer(forever(table))
    }
}

extension Parameter {
    func table() -> UnsafePointer<mr_param>? {
        var table = unsafe mr_param()
        unsafe table.struct_size = tableSize(mr_param.self)
        unsafe table.flags = traits.rawValue
        unsafe table.name = forever(text: name)
        unsafe table.doc = forever(text: doc)
        unsafe table.default_value = forever(text: defaultValue)
        unsafe table.example = forever(text: example)
        unsafe table.minimum = forever(text: minimum)
        unsafe table.maximum = forever(text: maximum)
        unsafe table.deprecated = forever(text: deprecated)
        switch kind {
        case .bool: unsafe table.type = MR_P_BOOL
        case .int: unsafe table.type = MR_P_INT
        case .float: unsafe table.type = MR_P_FLOAT
        case .string: unsafe table.type = MR_P_STRING
        case .duration: unsafe table.type = MR_P_DURATION
        case .size: unsafe table.type = MR_P_SIZE
        case .rate: unsafe table.type = MR_P_RATE
        case .expression: unsafe table.type = MR_P_EXPRESSION
        case .field: unsafe table.type = MR_P_FIELD
        case .choice(let choices):
            unsafe table.type = MR_P_ENUM
            let rows = unsafe choices.map {
                unsafe mr_choice(value: forever(text: $0.value), doc: forever(text: $0.doc))
            }
            unsafe table.choices = forever(array: rows)
            unsafe table.choice_count = UInt32(choices.count)
        case .list(let item):
            unsafe table.type = MR_P_LIST
            unsafe table.item = item.table()
        case .map(let item):
            unsafe table.type = MR_P_MAP
            unsafe table.item = item.table()
        case .object(let fields):
            unsafe table.type = MR_P_OBJECT
            unsafe table.fields = forever(array: fields.map { unsafe $0.table() })
            unsafe table.field_count = UInt32(fields.count)
        }
        return unsafe UnsafePointer(forever(table))
    }
}

extension OperatorInfo {
    /// The descriptive half of the operator's table; functions and kind are the caller's.
    func table() -> mr_operator {
        var table = unsafe mr_operator()
        unsafe table.struct_size = tableSize(mr_operator.self)
        unsafe table.flags = traits.rawValue
        unsafe table.id = forever(text: id)
        unsafe table.version = forever(text: version)
        unsafe table.title = forever(text: title)
        unsafe table.description = forever(text: doc)
        unsafe table.example = forever(text: example)
        unsafe table.params = forever(array: parameters.map { unsafe $0.table() })
        unsafe table.param_count = UInt32(parameters.count)
        unsafe table.inputs = forever(array: inputs.map { unsafe $0.table() })
        unsafe table.input_count = UInt32(inputs.count)
        unsafe table.outputs = forever(array: outputs.map { unsafe $0.table() })
        unsafe table.output_count = UInt32(outputs.count)
        unsafe table.max_parallelism = UInt32(parallelismMax)
        unsafe table.batch_preferred = UInt32(batchPreferred)
        unsafe table.needs = needs
        return unsafe table
    }
}
