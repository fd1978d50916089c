// SPDX-License-Identifier: Apache-2.0

/// Everything the world knows about an operator. The checker, `millrace explain`, editors and
/// forms are all derived from it.
public struct OperatorInfo: Sendable {
    /// Stable and dotted, such as `com.example.tokenize`.
    public var id: String
    /// Semantic version of the operator.
    public var version: String
    public var title: String
    /// Markdown; the first sentence is the summary.
    public var doc: String
    /// The body of a node that uses it, in YAML.
    public var example: String?
    public var traits: Traits
    public var parameters: [Parameter]
    public var inputs: [Port]
    public var outputs: [Port]
    /// How many instances there may be; 0 = any number.
    public var parallelismMax: Int
    /// How many records a batch should have; 0 = the host decides.
    public var batchPreferred = 0
    /// Features of the host without which it must not run, as bits of `mr_host.features`.
    public var needs: UInt64 = 0

    /// What the host may rely on.
    public struct Traits: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Nothing to restore.
        public static let stateless = Traits(rawValue: 1 << 0)
        /// The same input in the same order gives the same output.
        public static let deterministic = Traits(rawValue: 1 << 1)
        /// May answer `.again` or `.yield` in the middle of a batch.
        public static let resumable = Traits(rawValue: 1 << 2)
        /// Output does not come in the order of the input.
        public static let reorders = Traits(rawValue: 1 << 3)
        /// May wait: gets a thread of its own.
        public static let blocks = Traits(rawValue: 1 << 4)
        /// Asks for a process of its own.
        public static let isolated = Traits(rawValue: 1 << 5)
    }

    public init(
        _ id: String, version: String, title: String? = nil, _ doc: String,
        example: String? = nil, traits: Traits = [], parameters: [Parameter] = [],
        inputs: [Port] = [], outputs: [Port] = [], parallelismMax: Int = 0
    ) {
        self.id = id
        self.version = version
        self.title = title ?? id
        self.doc = doc
        self.example = example
        self.traits = traits
        self.parameters = parameters
        self.inputs = inputs
        self.outputs = outputs
        self.parallelismMax = parallelismMax
    }
}

/// An input or output port.
public struct Port: Sendable {
    public var name: String
    public var doc: String
    /// `any`, `bytes`, `text`, `json`, `same(in)`, `struct{…}` or a dotted name; docs/ABI.md.
    public var schema: String
    public var isOptional: Bool
    /// Outputs: the most that one input record can cause.
    public var bound: Bound

    public enum Bound: Sendable {
        case none
        /// So many records, with together at most `bytes + times × payload of the input` bytes.
        case writes(records: Int, bytes: Int = 0, times: Int = 1)
        /// At most so many records, only ever through `forward`.
        case forwards(records: Int = 1)
    }

    public init(
        _ name: String, schema: String, _ doc: String, isOptional: Bool = false,
        bound: Bound = .none
    ) {
        self.name = name
        self.schema = schema
        self.doc = doc
        self.isOptional = isOptional
        self.bound = bound
    }
}

/// A parameter. Values are written as a user would write them in a topology.
public struct Parameter: Sendable {
    public indirect enum Kind: Sendable {
        case bool, int, float, string, duration, size, rate, expression, field
        /// Values with what each means.
        case choice([(value: String, doc: String)])
        case list(of: Parameter)
        case map(of: Parameter)
        case object([Parameter])
    }

    public struct Traits: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let required = Traits(rawValue: 1 << 0)
        /// Never shown, logged or stored in the clear.
        public static let secret = Traits(rawValue: 1 << 1)
        /// May change while the operator runs.
        public static let live = Traits(rawValue: 1 << 2)
        /// Hidden until asked for.
        public static let advanced = Traits(rawValue: 1 << 3)
        public static let multiline = Traits(rawValue: 1 << 4)
    }

    public var name: String
    public var kind: Kind
    public var doc: String
    public var defaultValue: String?
    public var example: String?
    /// Inclusive; of text, lists and maps: of the length.
    public var minimum: String?
    public var maximum: String?
    /// What to use instead.
    public var deprecated: String?
    public var traits: Traits

    public init(
        _ name: String, _ kind: Kind, default defaultValue: String? = nil,
        minimum: String? = nil, maximum: String? = nil, example: String? = nil,
        deprecated: String? = nil, traits: Traits = [], _ doc: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.minimum = minimum
        self.maximum = maximum
        self.example = example
        self.deprecated = deprecated
        self.traits = traits
        self.doc = doc
    }
}
