// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceHost

/// One fault in the tables of an otherwise good plugin; the record has to name the field.
@Suite struct DescriptorTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        /// One macro, or several with ` -D` between them.
        var define: String
        var code: FailureCode
        var words: String
        var testDescription: String { define }

        init(_ define: String, _ words: String, _ code: FailureCode = .descriptorInvalid) {
            self.define = define
            self.code = code
            self.words = words
        }
    }

    static let faults: [Fault] = [
        Fault("PLUGIN=plugin.struct_size=0", "mr_plugin: struct_size is 0"),
        Fault("PLUGIN=plugin.struct_size=68", "expected a multiple of 8"),
        Fault("PLUGIN=plugin.struct_size=4104", "expected at most 4096"),
        Fault("PLUGIN=plugin.abi_version=0x20000", "built for ABI 2.0", .abiVersion),
        Fault("PLUGIN=plugin.min_abi_version=0x10063", "ABI 1.99 or newer", .abiVersion),
        Fault("PLUGIN=plugin.operator_count=0", "operators: is empty"),
        Fault("PLUGIN=plugin.operator_count=257", "at most 256"),
        Fault("PLUGIN=plugin.operators=NULL", "operators: is NULL"),
        Fault("PLUGIN=plugin.operator_count=2", "two operators called", .duplicateOperator),
        Fault("PLUGIN=plugin.name=NULL", "mr_plugin: name: is NULL"),
        Fault("PLUGIN=plugin.version=\"1.0\"", "version: expected a semantic version"),
        Fault("OPERATOR=tables[0]=NULL", "operator 0: is NULL"),
        Fault("OPERATOR=tables[0]=(void*)((char*)&table+4)", "not a multiple of 8"),
        Fault("OPERATOR=table.struct_size=152", "operator 0: struct_size is 152"),
        Fault("OPERATOR=table.id=NULL", "operator 0: id: is NULL"),
        Fault("OPERATOR=table.id=\"Upper\"", "id: expected [a-z]"),
        Fault("OPERATOR=table.id=\"a..b\"", "id: expected [a-z]"),
        Fault("OPERATOR=table.id=\"a.\"", "id: expected [a-z]"),
        Fault("OPERATOR=table.version=\"01.0.0\"", "specimen: version: expected"),
        Fault("OPERATOR=table.title=\"\\xff\"", "title: is not UTF-8"),
        Fault("OPERATOR=table.kind=9", "kind: is 9"),
        Fault("OPERATOR=table.needs=0x21", "needs feature 0, 5", .unknownNeed),
        Fault("OPERATOR=table.create=NULL", "create: is NULL"),
        Fault("OPERATOR=table.destroy=NULL", "destroy: is NULL"),
        Fault("OPERATOR=table.start=NULL", "start: is NULL"),
        Fault("OPERATOR=table.extension=NULL", "extension: is NULL"),
        Fault("OPERATOR=table.process=NULL", "process: is NULL"),
        Fault("OPERATOR=table.input_count=0", "a transform has at least one"),
        Fault(
            "OPERATOR=table.kind=1,table.input_count=0,out.schema=\"any\"",
            "process: is set, a source has none"),
        Fault("OPERATOR=table.kind=1,table.process=NULL", "a source has none"),
        Fault(
            "OPERATOR=table.kind=1,table.process=NULL,table.input_count=0,out.schema=\"any\"",
            "a source has to offer millrace.source/1"),
        Fault("OPERATOR=table.kind=2", "outputs: a sink has none"),
        Fault(
            "OPERATOR=table.kind=3,table.process=NULL",
            "a partitioner has to offer millrace.partition/1"),
        Fault("OPERATOR=table.inputs=NULL", "inputs: is NULL"),
        Fault("OPERATOR=table.input_count=2", "inputs[1]: is NULL"),
        Fault("OPERATOR=table.param_count=300", "at most 256"),
        Fault("PORT=in.struct_size=40", "inputs[0]: struct_size is 40"),
        Fault("PORT=in.name=\"In\"", "inputs[0].name: expected [a-z]"),
        Fault("PORT=out.name=\"errors\"", "the host's port"),
        Fault("PORT=in.doc=NULL", "inputs[0].doc: is NULL"),
        Fault("PORT=in.doc=\"\"", "inputs[0].doc: is empty"),
        Fault("PORT=out.schema=\"same(from)\"", "is no schema"),
        Fault("PORT=in.schema=\"struct{i9 x}\"", "is no schema"),
        Fault("PARAM=param.struct_size=96", "params[0]: struct_size is 96"),
        Fault("PARAM=param.type=77", "params[0].type: is 77"),
        Fault("PARAM=param.name=\"x-y\"", "params[0].name: expected"),
        Fault("PARAM=second.name=\"n\"", "params[1].name: \"n\" comes twice"),
        Fault("PARAM=param.doc=NULL", "params[0].doc: is NULL"),
        Fault("PARAM=param.flags=MR_PARAM_REQUIRED", "default_value: is set"),
        Fault("PARAM=param.default_value=\"x\"", "\"x\" is no int"),
        Fault("PARAM=param.default_value=\"10\"", "\"10\" is outside the bounds"),
        Fault("PARAM=param.example=\"0\"", "params[0].example: \"0\" is outside"),
        Fault("PARAM=param.minimum=\"12\"", "minimum: is larger than the maximum"),
        Fault("PARAM=param.maximum=\"many\"", "\"many\" is no bound of a int"),
        Fault("PARAM=second.type=MR_P_ENUM", "choices: is empty"),
        Fault("PARAM=second.choice_count=2", "choices: is NULL"),
        Fault("PARAM=second.choice_count=2,second.choices=choices", "but the type is string"),
        Fault(
            "PARAM=second.type=MR_P_ENUM,second.choice_count=2,second.choices=choices,"
                + "second.default_value=\"c\"", "\"c\" is none of the choices"),
        Fault("PARAM=second.type=MR_P_LIST", "params[1].item: is NULL"),
        Fault("PARAM=second.type=MR_P_LIST,second.item=&second", "more than 8 levels"),
        Fault("PARAM=second.type=MR_P_DURATION,second.default_value=\"5\"", "is no duration"),
        Fault("PARAM=second.type=MR_P_BOOL,second.default_value=\"yes\"", "not true or false"),
        Fault("EXTENSION=return(void*)&state", "state/1.restore: is NULL"),
        Fault(
            "EXTENSION=state.struct_size=24;if(!strcmp(id,MR_EXT_STATE))return(void*)&state",
            "struct_size is 24, expected at least 64"),
        Fault(
            "EXTENSION=state.restore=(void*)create;"
                + "if(!strncmp(id,MR_EXT_STATE,16))return(void*)&state",
            "answers the id \"millrace.state/10\""),
        Fault(
            "OPERATOR=table.flags=MR_OP_STATELESS -DEXTENSION=state.restore=(void*)create;"
                + "if(!strcmp(id,MR_EXT_STATE))return(void*)&state", "MR_OP_STATELESS contradicts"),
    ]

    @Test(arguments: faults)
    func `a fault of a descriptor is refused by its name`(_ fault: Fault) throws {
        let shop = try Workshop()
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: fault.define.split(separator: " -D").map(String.init))
        let record = try shop.record(of: library)
        #expect(record.state == .refused)
        #expect(record.reason?.code == fault.code)
        let text = record.reason?.text ?? ""
        #expect(text.contains(fault.words), "\(text)")
        #expect(text.contains("libspecimen.so"), "\(text)")
    }

    @Test func `a good descriptor becomes a description`() throws {
        let shop = try Workshop()
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        let entries = try shop.catalog().scan(extra: [library]).entries
        let operation = try #require(entries.first).operation
        #expect(entries.count == 1)
        #expect(operation.id == "specimen")
        #expect(operation.kind == .transform)
        #expect(operation.parameters.map(\.name) == ["n", "text"])
        #expect(operation.parameters[0].defaultValue == "3")
        #expect(operation.parameters[0].maximum == "9")
        #expect(operation.inputs.map(\.schema) == ["any"])
        #expect(operation.outputs[0].recordsPerInputMax == 1)
        #expect(operation.outputs[0].timesInputMax == 1)
    }

    @Test func `a table of newer headers is read as far as we know it`() throws {
        // Shown by a plugin whose structs claim fields behind ours: nothing of them is read.
        let shop = try Workshop()
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: [
                "PLUGIN=plugin.struct_size+=64,plugin.abi_version=0x10007",
                "OPERATOR=table.struct_size+=8", "PORT=in.struct_size+=16",
            ])
        #expect(try shop.record(of: library).state == .ready)
    }

    @Test(arguments: [
        ("any", true), ("json", true), ("same(in)", true), ("same(out)", false),
        ("struct{i64 a,text b}", true), ("struct{i64 a, text b}", true), ("struct{}", false),
        ("struct{i64 a,i8 a}", false), ("avro.order/3", true), ("avro", false), ("", false),
        ("bytes ", false), ("x/y", false),
    ])
    func `schemas follow their notation`(_ text: String, _ valid: Bool) {
        #expect(PortSchema.isValid(text, inputs: ["in"]) == valid)
    }
}
