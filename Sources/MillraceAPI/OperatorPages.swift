// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// What the descriptor of an operator says, for those who use it.
package enum OperatorPages {
    package static func subjects(_ catalog: [CatalogEntry]) -> [Subject] {
        catalog.sorted { $0.operation.id < $1.operation.id }.map { entry in
            Subject(.operator, entry.operation.id, title: title(entry.operation)) {
                Subject.Page(markdown: markdown(entry), json: json(entry))
            }
        }
    }

    /// The first sentence of the description is the summary (`millrace/operator.h`).
    private static func title(_ operation: OperatorDescription) -> String {
        let text = operation.description.split(separator: "\n").joined(separator: " ")
        let sentence = text.firstRange(of: ". ").map { text[..<$0.lowerBound] } ?? text[...]
        if sentence.isEmpty { return operation.title.isEmpty ? operation.id : operation.title }
        return String(sentence.hasSuffix(".") ? sentence.dropLast() : sentence)
    }

    private static func markdown(_ entry: CatalogEntry) -> String {
        let operation = entry.operation
        let about = operation.description.isEmpty ? title(operation) : operation.description
        var text = "# \(operation.id)\n\n\(about)\n"
        text += "\n" + Markdown.list(facts(entry))
        text += Markdown.section("Ports", ports(operation))
        text += Markdown.section("Parameters", parameters(operation.parameters))
        text += Markdown.section("Example", example(entry))
        return text
    }

    // MARK: Facts

    private static func facts(_ entry: CatalogEntry) -> [String] {
        let operation = entry.operation
        var facts = [
            "a \(operation.kind.rawValue) of the plugin `\(entry.plugin.name)`"
                + " \(entry.plugin.version)"
                + (operation.version == entry.plugin.version
                    ? "" : ", itself of version \(operation.version)")
        ]
        if operation.kind != .partitioner {
            facts.append(
                operation.parallelismMax == 0
                    ? "any number of tasks"
                    : "at most \(Figures.count(operation.parallelismMax, "task"))")
        }
        facts.append(
            operation.flags.contains(.stateless)
                ? "keeps no state"
                : operation.stateVersion == 0
                    ? "keeps state" : "keeps state, version \(operation.stateVersion)")
        if operation.flags.contains(.deterministic) {
            facts.append("the same input in the same order gives the same output")
        }
        if operation.flags.contains(.reorders) {
            facts.append("records may leave in another order than they came in")
        }
        if operation.flags.contains(.blocks) {
            facts.append("may wait inside a call: each task has a thread of its own")
        }
        if operation.flags.contains(.isolate) { facts.append("asks for a process of its own") }
        return facts
    }

    // MARK: Ports

    private static func ports(_ operation: OperatorDescription) -> String {
        Markdown.table(
            ["port", "", "type", "what"],
            operation.inputs.map { row($0, "input") } + operation.outputs.map { row($0, "output") })
    }

    private static func row(_ port: PortDescription, _ side: String) -> [String] {
        var notes = [port.doc].filter { !$0.isEmpty }
        if port.optional { notes.append("Need not be connected.") }
        return ["`\(port.name)`", side, type(of: port), notes.joined(separator: " ")]
    }

    private static func type(of port: PortDescription) -> String {
        if let input = PortType.follows(port.schema) { return "as `\(input)`" }
        return PortType(port.schema).text
    }

    // MARK: Parameters

    private static func parameters(_ all: [ParameterDescription]) -> String {
        let flat = all.flatMap { flattened($0, path: $0.name) }
        let rows = flat.map { path, parameter in
            [
                "`\(path)`", parameter.form,
                parameter.required
                    ? "required" : parameter.defaultValue.map { "`\($0)`" } ?? "",
                notes(parameter),
            ]
        }
        let choices = flat.filter { $0.1.choices.contains { !$0.doc.isEmpty } }.map {
            path, parameter in
            "\nChoices of `\(path)`:\n\n"
                + Markdown.list(
                    parameter.choices.map {
                        "`\($0.value)`" + ($0.doc.isEmpty ? "" : ": \($0.doc)")
                    })
        }
        return Markdown.table(["name", "type", "default", "what it sets"], rows) + choices.joined()
    }

    /// `headers`, `headers[].name`: members of lists, maps and objects come below them.
    private static func flattened(
        _ parameter: ParameterDescription, path: String
    ) -> [(String, ParameterDescription)] {
        let below = parameter.kind == .map ? "\(path).*" : "\(path)[]"
        return [(path, parameter)]
            + parameter.item.flatMap { flattened($0, path: below) }
            + parameter.fields.flatMap { flattened($0, path: "\(path).\($0.name)") }
    }

    private static func notes(_ parameter: ParameterDescription) -> String {
        var notes = [parameter.doc].filter { !$0.isEmpty }
        if parameter.secret { notes.append("Secret: never printed.") }
        if parameter.live { notes.append("Can be changed while the job runs.") }
        if let example = parameter.example { notes.append("Example: `\(example)`.") }
        if let deprecated = parameter.deprecated { notes.append("Deprecated: \(deprecated)") }
        return notes.joined(separator: " ")
    }

    // MARK: Example

    private static func example(_ entry: CatalogEntry) -> String {
        let operation = entry.operation
        var text = ""
        if let node = operation.example {
            let id = operation.id.replacing(".", with: "_").replacing("-", with: "_")
            text += "As a node of a topology:\n\n"
            let isOneLine = !node.contains("\n")
            text += Markdown.code(
                isOneLine
                    ? "\(id): \(node)"
                    : "\(id):\n"
                        + node.split(separator: "\n").map { "  \($0)" }
                        .joined(separator: "\n"), "text")
        }
        if let words = OperatorExample.words(operation) {
            if !text.isEmpty { text += "\nAs a line to try:\n\n" }
            text += Markdown.code("millrace run \(words)", "sh")
        }
        return text
    }

    // MARK: JSON

    private static func json(_ entry: CatalogEntry) -> JSON {
        let operation = entry.operation
        let flags = operation.flags
        func flag(_ name: String, _ one: OperatorDescription.Flags) -> JSON.Member {
            .init(name, .bool(flags.contains(one)))
        }
        return .object([
            .init("kind", .string("operator")), .init("name", .string(operation.id)),
            .init("title", .string(title(operation))),
            .init("description", .string(operation.description)),
            .init("version", .string(operation.version)),
            .init("role", .string(operation.kind.rawValue)),
            .init(
                "plugin",
                .object([
                    .init("name", .string(entry.plugin.name)),
                    .init("version", .string(entry.plugin.version)),
                    .init("path", .string(entry.plugin.path)),
                ])),
            .init("inputs", .array(operation.inputs.map(json))),
            .init("outputs", .array(operation.outputs.map(json))),
            .init("parameters", .array(operation.parameters.map(json))),
            .init("tasks_max", .int(Int64(operation.parallelismMax))),
            .init("state_version", .int(Int64(operation.stateVersion))),
            flag("stateless", .stateless), flag("deterministic", .deterministic),
            flag("reorders", .reorders), flag("blocks", .blocks), flag("isolate", .isolate),
            .init("extensions", .array(operation.extensions.map(JSON.string))),
            .init("example", operation.example.map(JSON.string) ?? .null),
            .init(
                "command",
                OperatorExample.words(operation).map { .string("millrace run \($0)") } ?? .null),
        ])
    }

    private static func json(_ port: PortDescription) -> JSON {
        .object([
            .init("name", .string(port.name)), .init("type", .string(port.schema ?? "bytes")),
            .init("doc", .string(port.doc)), .init("optional", .bool(port.optional)),
        ])
    }

    private static func json(_ parameter: ParameterDescription) -> JSON {
        func text(_ name: String, _ value: String?) -> JSON.Member {
            .init(name, value.map(JSON.string) ?? .null)
        }
        return .object([
            .init("name", .string(parameter.name)), .init("type", .string(parameter.kind.rawValue)),
            .init("doc", .string(parameter.doc)), .init("required", .bool(parameter.required)),
            text("default", parameter.defaultValue), text("minimum", parameter.minimum),
            text("maximum", parameter.maximum), text("example", parameter.example),
            .init(
                "choices",
                .array(
                    parameter.choices.map {
                        .object([
                            .init("value", .string($0.value)), .init("doc", .string($0.doc)),
                        ])
                    })),
            .init("secret", .bool(parameter.secret)), .init("live", .bool(parameter.live)),
            .init("advanced", .bool(parameter.advanced)),
            text("deprecated", parameter.deprecated),
            .init("item", .array(parameter.item.map(json))),
            .init("fields", .array(parameter.fields.map(json))),
        ])
    }
}
