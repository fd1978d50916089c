// SPDX-License-Identifier: Apache-2.0

/// What a plugin says about one operator: its descriptor, copied out of the library once.
///
/// Everything that needs to know an operator (checks, `explain`, schemas, forms) is derived from
/// this value; nobody loads the library for it. Source: `mr_operator` in `millrace/operator.h`.
package struct OperatorDescription: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable { case transform, source, sink, partitioner }

    package var id: String
    package var version: String
    package var title: String
    package var description: String
    package var example: String?
    package var kind: Kind
    package var flags: Flags
    package var parameters: [ParameterDescription]
    package var inputs: [PortDescription]
    package var outputs: [PortDescription]
    /// 0 = any, 1 = a single task.
    package var parallelismMax: Int
    /// 0 = the host decides.
    package var batchPreferred: Int
    /// Extension ids it offers, such as `millrace.source/1`.
    package var extensions: [String]
    package var stateVersion: Int
    /// Of a source: how it is read again after a failure.
    package var sourceFlags: SourceFlags

    /// A source that goes on where a checkpoint left it, so that nothing it reads is lost.
    package var canReplay: Bool {
        !sourceFlags.isEmpty || extensions.contains("millrace.state/1")
    }

    /// The same, and none of it comes again that the checkpoint has.
    package var replaysExactly: Bool {
        sourceFlags.contains(.offset) || sourceFlags.contains(.journal)
            || extensions.contains("millrace.state/1")
    }

    /// A source that cannot ask for its input again, and reads it from a journal that the host
    /// keeps.
    package var isJournaled: Bool { sourceFlags.contains(.journal) }

    /// Something of the records that it has seen is in the checkpoint.
    package var keepsState: Bool {
        keepsKeyedState
            || !Set(["millrace.state/1", "millrace.window/1", "millrace.time/1"])
                .isDisjoint(with: extensions)
    }

    /// Something of each key, with the host.
    package var keepsKeyedState: Bool { extensions.contains("millrace.keyed-state/1") }

    /// A sink whose output becomes visible with a claimed checkpoint.
    package var isTwoPhase: Bool { extensions.contains("millrace.sink/1") }

    /// `MR_OP_*`.
    package struct Flags: OptionSet, Hashable, Codable, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        package static let stateless = Flags(rawValue: 1 << 0)
        package static let deterministic = Flags(rawValue: 1 << 1)
        package static let resumable = Flags(rawValue: 1 << 2)
        package static let reorders = Flags(rawValue: 1 << 3)
        package static let blocks = Flags(rawValue: 1 << 4)
        package static let isolate = Flags(rawValue: 1 << 5)
    }

    /// `MR_SOURCE_*`.
    package struct SourceFlags: OptionSet, Hashable, Codable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        /// Reading again from a position gives the same bytes.
        package static let offset = SourceFlags(rawValue: 1 << 0)
        /// It can go back in time.
        package static let time = SourceFlags(rawValue: 1 << 1)
        /// What was not acknowledged comes again.
        package static let acknowledgement = SourceFlags(rawValue: 1 << 2)
        /// It has nothing to be read again from but the host's journal: `draft/journal.h`.
        package static let journal = SourceFlags(rawValue: 1 << 3)
    }

    package init(
        id: String, version: String, title: String = "", description: String = "",
        example: String? = nil, kind: Kind, flags: Flags = [],
        parameters: [ParameterDescription] = [], inputs: [PortDescription] = [],
        outputs: [PortDescription] = [], parallelismMax: Int = 0, batchPreferred: Int = 0,
        extensions: [String] = [], stateVersion: Int = 0, sourceFlags: SourceFlags = []
    ) {
        self.id = id
        self.version = version
        self.title = title
        self.description = description
        self.example = example
        self.kind = kind
        self.flags = flags
        self.parameters = parameters
        self.inputs = inputs
        self.outputs = outputs
        self.parallelismMax = parallelismMax
        self.batchPreferred = batchPreferred
        self.extensions = extensions
        self.stateVersion = stateVersion
        self.sourceFlags = sourceFlags
    }
}

/// A port as its operator declares it. Source: `mr_port`.
package struct PortDescription: Hashable, Codable, Sendable {
    package var name: String
    package var doc: String
    /// Payload type in the notation of docs/ABI.md; nil = bytes.
    package var schema: String?
    /// Output: only `forward` writes here.
    package var forwards: Bool
    /// Need not be connected.
    package var optional: Bool
    /// Output: the most records one input record can cause; 0 = no bound.
    package var recordsPerInputMax: Int
    /// Output: payload bytes of these records at most `bytesPerInputMax + timesInputMax × input`.
    package var bytesPerInputMax: Int
    package var timesInputMax: Int

    package init(
        name: String, doc: String = "", schema: String? = nil, forwards: Bool = false,
        optional: Bool = false, recordsPerInputMax: Int = 0, bytesPerInputMax: Int = 0,
        timesInputMax: Int = 0
    ) {
        self.name = name
        self.doc = doc
        self.schema = schema
        self.forwards = forwards
        self.optional = optional
        self.recordsPerInputMax = recordsPerInputMax
        self.bytesPerInputMax = bytesPerInputMax
        self.timesInputMax = timesInputMax
    }
}

/// A parameter as its operator declares it. Source: `mr_param`. Texts of values are written as
/// a user would write them in YAML.
package struct ParameterDescription: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case bool, int, float, string, `enum`, duration, size, rate, expression, field, list, map,
            object
    }

    package struct Choice: Hashable, Codable, Sendable {
        package var value: String
        package var doc: String
        package init(value: String, doc: String) {
            self.value = value
            self.doc = doc
        }
    }

    package var name: String
    package var kind: Kind
    package var doc: String
    package var required: Bool
    package var secret: Bool
    package var live: Bool
    package var advanced: Bool
    package var multiline: Bool
    package var defaultValue: String?
    package var example: String?
    package var minimum: String?
    package var maximum: String?
    package var deprecated: String?
    package var choices: [Choice]
    /// Of a list or map: one description, of its items.
    package var item: [ParameterDescription]
    /// Of an object.
    package var fields: [ParameterDescription]

    package init(
        name: String, kind: Kind, doc: String = "", required: Bool = false, secret: Bool = false,
        live: Bool = false, advanced: Bool = false, multiline: Bool = false,
        defaultValue: String? = nil, example: String? = nil, minimum: String? = nil,
        maximum: String? = nil, deprecated: String? = nil, choices: [Choice] = [],
        item: [ParameterDescription] = [], fields: [ParameterDescription] = []
    ) {
        self.name = name
        self.kind = kind
        self.doc = doc
        self.required = required
        self.secret = secret
        self.live = live
        self.advanced = advanced
        self.multiline = multiline
        self.defaultValue = defaultValue
        self.example = example
        self.minimum = minimum
        self.maximum = maximum
        self.deprecated = deprecated
        self.choices = choices
        self.item = item
        self.fields = fields
    }
}

/// An operator together with the library it lives in.
package struct CatalogEntry: Hashable, Codable, Sendable {
    package var operation: OperatorDescription
    package var plugin: PluginReference

    package init(operation: OperatorDescription, plugin: PluginReference) {
        self.operation = operation
        self.plugin = plugin
    }
}

/// One version of one library, named by its content.
package struct PluginReference: Hashable, Codable, Sendable {
    package var name: String
    package var version: String
    /// Lower-case hexadecimal SHA-256 of the file.
    package var sha256: String
    /// Where the user's file lies; for messages only.
    package var path: String
    /// The private copy that executors load.
    package var copy: String

    package init(name: String, version: String, sha256: String, path: String, copy: String) {
        self.name = name
        self.version = version
        self.sha256 = sha256
        self.path = path
        self.copy = copy
    }
}
