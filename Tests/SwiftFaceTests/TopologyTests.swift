// SPDX-License-Identifier: Apache-2.0
import Millrace
import Testing

/// What Swift writes. That it means what it should is for the tests of the three faces.
struct TopologyTests {
    @Test func `only sinks are listed, and what they read comes before them`() throws {
        let topology = Topology("orders-alerts") {
            let orders = Node(
                "orders", use: "kafka.source",
                with: ["topic": "orders", "brokers": .env("BROKERS", default: "localhost:9092")]
            )
            .eventTime(field: "ts", maxDelay: .seconds(5))
            let parse = Node("parse", use: "json.decode", from: orders.out)
            let score = Node(
                "score", use: "fraud.score", from: parse.out.by(.hash("customer_id")),
                with: ["threshold": 0.8]
            )
            .parallelism(4).isolation(.process)
            let perMinute = Node(
                "per_minute", use: "count", from: score["high"].by(.hash("customer_id"))
            )
            .window(.fixed(.seconds(60)), late: .seconds(30), emit: .every(.seconds(10)))
            Node(
                "alerts", use: "kafka.sink", from: score["high"], perMinute.out,
                with: ["topic": "alerts"])
            for port in ["high", "low"] {
                Node(
                    "archive_\(port)", use: "hdfs.sink", from: score[port],
                    with: ["path": "hdfs://nn/orders"])
            }
        }
        #expect(
            try topology.yaml == """
                millrace: 1
                name: orders-alerts
                nodes:
                  orders:
                    use: kafka.source
                    with: {topic: orders, brokers: "${BROKERS:-localhost:9092}"}
                    event_time: {field: ts, max_delay: 5s}
                  parse:
                    use: json.decode
                    from: orders
                  score:
                    use: fraud.score
                    from: {node: parse, partition: hash, key: customer_id}
                    with: {threshold: 0.8}
                    parallelism: 4
                    isolation: process
                  per_minute:
                    use: count
                    from: {node: score.high, partition: hash, key: customer_id}
                    window: {fixed: 1m, late: 30s, emit: {every: 10s}}
                  alerts:
                    use: kafka.sink
                    from: [score.high, per_minute]
                    with: {topic: alerts}
                  archive_high:
                    use: hdfs.sink
                    from: score.high
                    with: {path: "hdfs://nn/orders"}
                  archive_low:
                    use: hdfs.sink
                    from: score.low
                    with: {path: "hdfs://nn/orders"}

                """)
    }

    @Test func `every key has its method`() throws {
        let topology = Topology("all", description: "no", plugins: ["a@^1", "./b-$${x}.so"]) {
            Node("in", use: "source").eventTime(
                unit: .seconds, idleAfter: .milliseconds(1500), maxFuture: .seconds(86_400))
            let source = Node("a", use: "b")
            Node(
                "out", use: "sink",
                from: [
                    source.out.by(.custom("nearest", with: ["zones": 3])).key("a.b", "c").queue(8)
                        .into("left"), source["errors"].by(.leastLoaded),
                ]
            )
            .window(.sliding(.seconds(600), step: .seconds(60)), emit: .count(5), results: .delta)
            .onError(.drop).retry(attempts: 3, backoff: .milliseconds(200)...(.seconds(5)))
            .logLevel(.debug).renamed(from: "old").place(labels: ["zone": "a"], spread: true)
            .resources(memory: .gibibytes(1), cores: 2).outputMemory(.bytes(200_000))
            .watchdog(hard: .seconds(3)).loop(1).description("x")
            Node("s", use: "t", from: source.out).window(.session(gap: .seconds(1)))
            Node("g", use: "t", from: source.out).window(.global, emit: .onClose)
        }
        .defaults(
            parallelism: 1, queue: 64, isolation: .executor, watchdogSoft: .seconds(1),
            onError: .fail, retryAttempts: 1, retryBackoff: .seconds(1)...(.seconds(2))
        )
        .deadLetter(use: "file.sink", with: ["path": "x"], limit: .perMinute(1000))
        .checkpoint(
            every: .seconds(1), guarantee: .atLeastOnce, store: "file:${DIR}",
            timeout: .seconds(60), retain: 3
        )
        .restart(
            backoff: .milliseconds(100)...(.seconds(30)), budget: (count: 5, per: .seconds(60))
        )
        .arena(.mebibytes(64)).metrics(perTask: true).threads(2).pin().idle(.spin)
        .threads(3)
        #expect(
            try topology.yaml == Self.all)
    }

    @Test func `a text means itself, whatever is in it`() throws {
        func written(_ value: Value) throws -> String {
            let node = Node("a", use: "b", with: ["v": value])
            let yaml = try Topology("t") { node }.yaml
            return String(
                yaml.split(separator: "\n").last?.dropFirst("    with: {v: ".count)
                    .dropLast() ?? "")
        }
        #expect(try written("${HOME} $$ $x $") == "\"$${HOME} $$$ $x $\"")
        #expect(try written("no") == "\"no\"")
        #expect(try written("1") == "\"1\"")
        #expect(try written("a\n\"b\"\\ \u{7}é\u{feff}") == #""a\n\"b\"\\ \U00000007é\U0000feff""#)
        #expect(try written(.text("x")) == "x")
        #expect(try written([1, 2.5, true, "a", ["k": [:]]]) == "[1, 2.5, true, a, {k: {}}]")
        #expect(try written(.duration(.nanoseconds(90_061_001_002_003))) == "1d1h1m1s1ms2us3ns")
        #expect(try written(.duration(.zero)) == "0s")
        #expect(try written(.secret(file: "/run/x")) == "\"${file:/run/x}\"")
        #expect(try written(.env("A", orFail: "set it")) == "\"${A:?set it}\"")
    }

    @Test func `what cannot be written is refused`() {
        func refusal(_ value: Value) -> String? {
            do {
                _ = try Topology("t") { Node("a", use: "b", with: ["v": value]) }.yaml
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal(Value(.infinity)) == "inf is no value")
        #expect(refusal(.duration(.seconds(-1)))?.hasSuffix("no span of whole nanoseconds") == true)
        #expect(refusal(.env("A", default: "}"))?.contains("cannot stand in `${…}`") == true)
    }

    @Test func `two nodes of one name are named with their places`() throws {
        let error = #expect(throws: TopologyError.self) {
            _ = try Topology("t") {
                Node("a", use: "b", file: "M/one.swift", line: 3)
                Node("a", use: "b", file: "M/two.swift", line: 5)
            }.yaml
        }
        #expect(
            error?.description.hasPrefix(
                "two nodes are called `a`: M/one.swift:3 and M/two.swift:5. ") == true)
    }

    @Test func `a node that is reached twice is one node`() throws {
        let source = Node("a", use: "b")
        let yaml = try Topology("t") {
            Node("x", use: "c", from: source.out)
            Node("y", use: "c", from: source.out, source["late"])
            source
        }.yaml
        #expect(yaml.split(separator: "\n").filter { $0 == "  a:" }.count == 1)
        #expect(yaml.contains("    from: [a, a.late]\n"))
    }

    @Test func `parameters can be put together`() throws {
        var parameters = Parameters([("b", 1), ("a", "x")])
        parameters["c"] = true
        parameters["b"] = nil
        parameters["a"] = 2
        let yaml = try Topology("t") { Node("n", use: "u", with: parameters) }.yaml
        #expect(yaml.hasSuffix("    with: {a: 2, c: true}\n"))
        #expect(parameters["c"] != nil && parameters["b"] == nil)
    }

    @Test func `a topology without nodes is written, and is the checker's to refuse`() throws {
        #expect(try Topology("t") {}.yaml == "millrace: 1\nname: t\nnodes: {}\n")
    }

    private static let all = """
        millrace: 1
        name: all
        description: "no"
        plugins: ["a@^1", "./b-$$$${x}.so"]
        defaults: {parallelism: 1, queue: 64, isolation: executor, watchdog: {soft: \
        1s}, on_error: fail, retry: {attempts: 1, backoff: 1s..2s}}
        dead_letter: {use: file.sink, with: {path: x}, limit: 1000/m}
        checkpoint: {every: 1s, guarantee: at_least_once, store: "file:${DIR}", \
        timeout: 1m, retain: 3}
        restart: {backoff: 100ms..30s, budget: {count: 5, per: 1m}}
        arena: 64MiB
        metrics: {per_task: true}
        pin: true
        idle: spin
        threads: 3
        nodes:
          in:
            use: source
            event_time: {header: true, unit: s, idle_after: 1s500ms, max_future: 1d}
          a:
            use: b
          out:
            use: sink
            from: [{node: a, partition: {use: nearest, with: {zones: 3}}, key: [a.b, \
        c], queue: 8, input: left}, {node: a.errors, partition: least_loaded}]
            window: {sliding: 10m, step: 1m, emit: {count: 5}, results: delta}
            on_error: drop
            retry: {attempts: 3, backoff: 200ms..5s}
            log_level: debug
            renamed_from: old
            place: {labels: {zone: a}, spread: true}
            resources: {memory: 1GiB, cores: 2}
            output_memory: 200000
            watchdog: {hard: 3s}
            loop: 1
            description: x
          s:
            use: t
            from: a
            window: {session: 1s}
          g:
            use: t
            from: a
            window: {global: true, emit: on_close}

        """
}
