// SPDX-License-Identifier: Apache-2.0
// The lines of a stream on the socket of a run:
//
//     -> {"id":1,"path":"/api/v1/jobs/run-7f3a/nodes/parse/tap?rate=10"}
//     <- {"id":1,"event":"record","data":{…}}
//     <- {"id":1,"end":true}
//
// Members stand in this order and without spaces, so `data` can be passed on as it is. A request
// that is refused gets the answer of any other request instead.
import MillraceAPI

enum StreamLine: Hashable {
    case event(StreamEvent)
    case end

    func text(id: Int64) -> String {
        switch self {
        case .event(let event): "\(Self.head(id, event.name))\(event.data)}"
        case .end: "{\"id\":\(id),\"end\":true}"
        }
    }

    /// nil: it is no line of this stream.
    init?(_ line: String, id: Int64) {
        if line == Self.end.text(id: id) {
            self = .end
            return
        }
        let start = "{\"id\":\(id),\"event\":\""
        guard line.hasPrefix(start), line.hasSuffix("}") else { return nil }
        let name = String(line.dropFirst(start.count).prefix { $0 != "\"" })
        let head = Self.head(id, name)
        guard line.hasPrefix(head) else { return nil }
        self = .event(StreamEvent(name, String(line.dropFirst(head.count).dropLast())))
    }

    private static func head(_ id: Int64, _ name: String) -> String {
        "{\"id\":\(id),\"event\":\"\(name)\",\"data\":"
    }
}
