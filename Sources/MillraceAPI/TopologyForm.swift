// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// The forms in which a topology is shown, on the command line and by the API.
package enum TopologyForm: String, CaseIterable, Sendable {
    case yaml, json, text, dot, mermaid

    /// With nothing left open. Ends with a newline.
    package func text(_ topology: ResolvedTopology) -> String {
        switch self {
        case .yaml: topology.yaml
        case .json: topology.json.indentedText + "\n"
        case .text: topology.text()
        case .dot: GraphDrawing(topology).dot
        case .mermaid: GraphDrawing(topology).mermaid
        }
    }

    /// As it was written: its document, and its shape as a drawing. Ends with a newline.
    package func text(_ document: [YAMLNode.Member], _ drawing: GraphDrawing) -> String {
        switch self {
        case .yaml: YAMLDocument.text(document)
        case .json: YAMLNode(.map(document)).json.indentedText + "\n"
        case .text: drawing.text()
        case .dot: drawing.dot
        case .mermaid: drawing.mermaid
        }
    }
}

extension Router {
    /// What a job runs: the resolved topology, or with `form` its text in a member `text`.
    static func topology(of plan: Plan, form: String?) throws(Failure) -> JSON {
        let topology = ResolvedTopology(plan)
        guard let form else { return topology.json }
        guard let known = TopologyForm(rawValue: form) else {
            throw Failure(
                .usage, "\(form) is no form of a topology",
                next: "forms: \(TopologyForm.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return .object([
            .init("job", .string(plan.job)), .init("form", .string(known.rawValue)),
            .init("text", .string(known.text(topology))),
        ])
    }
}
