// SPDX-License-Identifier: Apache-2.0
// Records of three colours, each colour on a way of its own: what a file would repeat, Swift says
// once.
import Millrace

let topology = Topology("colours", description: "Counts records of each colour.") {
    for colour in ["red", "green", "blue"] {
        let records = Node(
            "records_\(colour)", use: "generate",
            with: ["count": .env("COUNT", default: "100"), "value": "{\"colour\":\"\(colour)\"}"]
        )
        .description("All that are \(colour).")
        let counted = Node(
            "counted_\(colour)", use: "count", from: records.out.by(.hash("colour")))
        Node("out_\(colour)", use: "stdout", from: counted.out)
    }
}
try topology.main()
