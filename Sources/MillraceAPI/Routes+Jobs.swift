// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

extension Router {
    /// The routes about jobs and about the host itself.
    package static func jobs(of surface: any ControlSurface) -> Router {
        var router = Router()
        router.add(.get, "/api/v1/info") { (_, _) throws(Failure) in
            Response(body: surface.host.json)
        }
        router.add(.get, "/api/v1/jobs") { (request, _) throws(Failure) in
            let wanted = request.query["state"]
            let views = surface.jobs().filter { wanted == nil || $0.state.rawValue == wanted }
            let items = JSON.array(views.map(\.summary))
            return Response(body: .object([.init("items", items), .init("next", .null)]))
        }
        router.add(.get, "/api/v1/jobs/{job}") { (_, captures) throws(Failure) in
            let view = try surface.known(captures)
            guard case .object(let members) = view.summary else { return Response(body: .null) }
            return Response(body: .object(members + [.init("host", surface.host.json)]))
        }
        router.add(.get, "/api/v1/jobs/{job}/status") { (_, captures) throws(Failure) in
            Response(body: try surface.known(captures).json)
        }
        router.add(.get, "/api/v1/jobs/{job}/graph") { (_, captures) throws(Failure) in
            let view = try surface.known(captures)
            guard let plan = surface.plan(of: view.job) else { throw noJob(view.job) }
            return Response(body: graph(view, plan))
        }
        router.add(.get, "/api/v1/jobs/{job}/topology") { (request, captures) throws(Failure) in
            let view = try surface.known(captures)
            guard let plan = surface.plan(of: view.job) else { throw noJob(view.job) }
            return Response(body: try topology(of: plan, form: request.query["form"]))
        }
        router.add(.get, "/api/v1/jobs/{job}/plugins") { (_, captures) throws(Failure) in
            let view = try surface.known(captures)
            guard let plan = surface.plan(of: view.job) else { throw noJob(view.job) }
            return Response(
                body: .object([
                    .init("items", .array(plugins(plan).map(\.json))), .init("next", .null),
                ]))
        }
        router.add(.get, "/api/v1/jobs/{job}/nodes/{node}") { (_, captures) throws(Failure) in
            Response(body: try surface.known(captures).node(captures["node"] ?? "").json)
        }
        router.add(.get, "/api/v1/jobs/{job}/nodes/{node}/tasks/{task}") {
            (_, captures) throws(Failure) in
            let node = try surface.known(captures).node(captures["node"] ?? "")
            return Response(body: try node.task(captures["task"] ?? "").json)
        }
        router.add(.get, "/api/v1/jobs/{job}/logs") { (request, captures) throws(Failure) in
            let view = try surface.known(captures)
            let after = request.query["after"].flatMap { UInt64($0) } ?? 0
            guard let page = surface.logs(of: view.job, after: after) else { throw noJob(view.job) }
            return Response(body: page.json)
        }
        router.add(.post, "/api/v1/jobs/{job}/stop") { (request, captures) throws(Failure) in
            let view = try surface.known(captures)
            let wish = try StopRequest(request.body)
            try surface.stop(view.job, wish)
            return Response(
                status: 202,
                body: .object([
                    .init("job", .string(view.job)),
                    .init("savepoint", wish.savepoint.map(JSON.string) ?? .null),
                ]))
        }
        router.addSavepoints(of: surface)
        router.addTap(of: surface)
        return router
    }

    private mutating func addTap(of surface: any ControlSurface) {
        addStream("/api/v1/jobs/{job}/nodes/{node}/tap") {
            (request, captures, send) throws(Failure) in
            let view = try surface.known(captures)
            let node = try view.node(captures["node"] ?? "")
            try surface.tap(view.job, try TapRequest(node: node.id, request.query), send)
        }
    }

    private mutating func addSavepoints(of surface: any ControlSurface) {
        let pattern = "/api/v1/jobs/{job}/savepoints"
        add(.get, pattern) { (_, captures) throws(Failure) in
            let view = try surface.known(captures)
            let items = surface.savepoints(of: view.job).map(\.json)
            return Response(body: .object([.init("items", .array(items)), .init("next", .null)]))
        }
        add(.post, pattern) { (request, captures) throws(Failure) in
            let view = try surface.known(captures)
            let wish = try SavepointRequest(request.body)
            try surface.makeSavepoint(view.job, wish)
            return Response(
                status: 202,
                body: .object([
                    .init("job", .string(view.job)), .init("savepoint", .string(wish.to)),
                ]))
        }
    }

    /// Nodes and edges with live numbers.
    private static func graph(_ view: JobView, _ plan: Plan) -> JSON {
        let edges = plan.edges.map { edge -> JSON in
            let from = plan.nodes[edge.from]
            let to = plan.nodes[edge.to]
            return .object([
                .init("from", .string(from.id)),
                .init("port", .string(portName(from.operation.outputs, edge.outputPort))),
                .init("to", .string(to.id)),
                .init("input", .string(portName(to.operation.inputs, edge.inputPort))),
                .init("partition", .string(edge.partition.rawValue)),
                .init("fused", .bool(edge.fused)),
                .init("queue_capacity", edge.fused ? .null : .int(Int64(edge.queue))),
            ])
        }
        return .object([
            .init("job", .string(view.job)), .init("state", .string(view.state.rawValue)),
            .init("nodes", .array(view.nodes.map(\.json))), .init("edges", .array(edges)),
        ])
    }

    /// Each plugin that the job has loaded, once, in the order of its first use.
    private static func plugins(_ plan: Plan) -> [PluginReference] {
        let all = plan.nodes.map(\.plugin) + plan.edges.compactMap { $0.partitioner?.plugin }
        var seen: Set<String> = []
        return all.filter { seen.insert($0.sha256).inserted }
    }

    private static func portName(_ ports: [PortDescription], _ position: Int) -> String {
        ports.indices.contains(position) ? ports[position].name : String(position)
    }
}

private func noJob(_ job: String) -> Failure {
    Failure(.notFound, "there is no job \(job) here", next: "millrace ps lists what runs")
}

extension ControlSurface {
    fileprivate func known(_ captures: Router.Captures) throws(Failure) -> JobView {
        let job = captures["job"] ?? ""
        guard let view = view(of: job) else { throw noJob(job) }
        return view
    }
}

extension JobView {
    /// Throws `notFound` with the names there are.
    package func node(_ id: String) throws(Failure) -> NodeView {
        guard let node = nodes.first(where: { $0.id == id }) else {
            let names = nodes.map(\.id)
            let all = "its nodes: \(names.prefix(8).joined(separator: ", "))"
            throw Failure(
                .notFound, "\(job) has no node \(id)", next: Nearest.question(id, names) ?? all)
        }
        return node
    }
}

extension NodeView {
    /// `number` is a position among the node's tasks. Throws `notFound`.
    package func task(_ number: String) throws(Failure) -> TaskView {
        guard let position = Int(number), tasks.indices.contains(position) else {
            throw Failure(
                .notFound, node: id, "there is no task \(number)",
                next: "it has \(tasks.count), counted from 0")
        }
        return tasks[position]
    }
}

extension PluginReference {
    fileprivate var json: JSON {
        .object([
            .init("name", .string(name)), .init("version", .string(version)),
            .init("digest", .string(sha256)), .init("path", .string(path)),
        ])
    }
}
