// SPDX-License-Identifier: Apache-2.0
// The whole of a plugin's entry, in the user's module:
//
//     let library = Library("shout", version: "1.0.0") { Shout.self }
//
//     @c @implementation
//     public func millrace_plugin_v1(
//         _ host: UnsafePointer<mr_host>!
//     ) -> UnsafePointer<mr_plugin>! { unsafe library.table }
@_exported public import CMillrace

/// The operators of one plugin.
@safe public final class Library: Sendable {
    // SAFETY(table): made by init, never freed, never written again.
    nonisolated(unsafe) public let table: UnsafePointer<mr_plugin>

    public init(
        _ name: String, version: String, license: String? = nil, toolchain: String? = nil,
        @OperatorList operators: () -> [Registration]
    ) {
        let operators = operators()
        var plugin = unsafe mr_plugin()
        unsafe plugin.struct_size = tableSize(mr_plugin.self)
        unsafe plugin.abi_version = MR_ABI_VERSION
        unsafe plugin.min_abi_version = 0x0001_0000
        unsafe plugin.operator_count = UInt32(operators.count)
        unsafe plugin.operators = forever(array: operators.map { unsafe $0.table })
        unsafe plugin.name = forever(text: name)
        unsafe plugin.version = forever(text: version)
        unsafe plugin.license = forever(text: license)
        unsafe plugin.toolchain = forever(text: toolchain)
        unsafe table = UnsafePointer(forever(plugin))
        unsafe registrations += operators
    }
}

/// Lists the types of a plugin's operators: `{ Shout.self; Whisper.self }`.
@resultBuilder public enum OperatorList {
    public static func buildExpression<User: Transform>(_ type: User.Type) -> Registration {
        Registration(type, MR_KIND_TRANSFORM) { setup in
            TransformInstance(try User(setup), setup.host)
        }
    }

    public static func buildExpression<User: Sink>(_ type: User.Type) -> Registration {
        Registration(type, MR_KIND_SINK) { setup in SinkInstance(try User(setup), setup.host) }
    }

    public static func buildExpression<User: Source>(_ type: User.Type) -> Registration {
        Registration(type, MR_KIND_SOURCE) { setup in
            SourceInstance(try User(setup), setup.host)
        }
    }

    public static func buildExpression<User: Partitioner>(_ type: User.Type) -> Registration {
        Registration(type, MR_KIND_PARTITIONER) { setup in
            PartitionerInstance(try User(setup), setup.host)
        }
    }

    public static func buildExpression<User: BalancingPartitioner>(
        _ type: User.Type
    ) -> Registration {
        Registration(type, MR_KIND_PARTITIONER) { setup in
            BalancingInstance(try User(setup), setup.host)
        }
    }

    public static func buildBlock(_ registrations: Registration...) -> [Registration] {
        registrations
    }
}

/// One operator of a library.
@safe public final class Registration {
    let type: any Operator.Type
    let make: (borrowing Setup) throws -> Instance
    // SAFETY(tables): made by init, never freed, never written again.
    let table: UnsafePointer<mr_operator>?
    let state: UnsafeMutablePointer<mr_state>?
    let source: UnsafeMutablePointer<mr_source>?
    let partition: UnsafeMutablePointer<mr_partition>?

    init(
        _ type: any Operator.Type, _ kind: mr_kind,
        make: @escaping (borrowing Setup) throws -> Instance
    ) {
        self.type = type
        self.make = make
        var table = unsafe type.info.table()
        unsafe table.kind = kind
        unsafe fillCalls(&table)
        if let stateful = type as? any Stateful.Type {
            unsafe table.state_version = UInt32(stateful.stateVersion)
            unsafe state = forever(stateCalls())
        } else {
            unsafe state = nil
        }
        if let source = type as? any Source.Type {
            unsafe self.source = forever(sourceCalls(source))
        } else {
            unsafe source = nil
        }
        unsafe partition = kind == MR_KIND_PARTITIONER ? forever(partitionCalls(type)) : nil
        unsafe self.table = UnsafePointer(forever(table))
    }

    func extensionTable(_ id: String) -> UnsafeRawPointer? {
        switch id {
        case MR_EXT_STATE: unsafe UnsafeRawPointer(state)
        case MR_EXT_SOURCE: unsafe UnsafeRawPointer(source)
        case MR_EXT_PARTITION: unsafe UnsafeRawPointer(partition)
        default: nil
        }
    }
}

// SAFETY(registrations): written by Library.init only, which runs once, inside the library's
// first entry call; the host calls nothing else before that has returned. Each plugin has its
// own copy of this module, hence of this list.
nonisolated(unsafe) private var registrations: [Registration] = []

/// The registration behind a descriptor. By its id, because hosts keep copies of descriptors.
func registration(_ table: UnsafePointer<mr_operator>) -> Registration? {
    let id = unsafe String(cString: table.pointee.id)
    return unsafe registrations.first { $0.type.info.id == id }
}
