// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Which target may depend on which. A target depends only on targets of a lower level, and only
/// on those of its row; packages count as dependencies of level 0.
enum Layers {
    struct Row {
        var level: Int
        var mayUse: Set<String>
    }

    private static let words: Set = ["MillraceCore"]
    private static let engine: Set = [
        "MillraceCore", "MillraceSystem", "MillraceGraph", "MillraceDelivery", "MillraceWire",
        "MillraceFlow", "MillraceHost",
    ]

    static let rows: [String: Row] = [
        "CMillrace": Row(level: 0, mayUse: []),
        "CMillraceShims": Row(level: 0, mayUse: []),
        "CMillraceRuntime": Row(level: 1, mayUse: ["CMillrace"]),
        "CMillraceExpression": Row(level: 1, mayUse: ["CMillrace"]),
        "MillraceCore": Row(level: 1, mayUse: []),
        "MillraceSDK": Row(level: 1, mayUse: ["CMillrace"]),
        "Millrace": Row(level: 0, mayUse: []),
        "MillraceSystem": Row(level: 2, mayUse: words.union(["CMillraceShims"])),
        "MillraceGraph": Row(level: 2, mayUse: words.union(["Yams"])),
        "MillraceDelivery": Row(level: 2, mayUse: words),
        "MillraceWire": Row(
            level: 3, mayUse: words.union(["MillraceGraph", "MillraceDelivery"])),
        "MillraceFlow": Row(
            level: 3,
            mayUse: words.union(["MillraceSystem", "CMillrace", "CMillraceRuntime"])),
        "MillraceAPI": Row(level: 3, mayUse: words.union(["MillraceGraph"])),
        "MillraceScreen": Row(level: 4, mayUse: words.union(["MillraceAPI"])),
        "MillraceHost": Row(
            level: 4,
            mayUse: words.union([
                "MillraceSystem", "MillraceGraph", "MillraceWire", "MillraceFlow", "CMillrace",
                "CMillraceRuntime", "CMillraceExpression",
            ])),
        "MillraceJobs": Row(
            level: 4,
            mayUse: words.union([
                "MillraceGraph", "MillraceDelivery", "MillraceWire", "MillraceSystem",
            ])),
        "MillraceRuntime": Row(level: 5, mayUse: engine),
        "MillraceConformance": Row(
            level: 6,
            mayUse: words.union([
                "MillraceSystem", "MillraceGraph", "MillraceWire", "MillraceHost", "MillraceJobs",
            ])),
        "millrace": Row(
            level: 7,
            mayUse: engine.union([
                "MillraceAPI", "MillraceScreen", "MillraceJobs", "MillraceRuntime",
                "MillraceConformance", "ArgumentParser",
            ])),
        "millrace-sim": Row(level: 7, mayUse: words.union(["MillraceDelivery", "ArgumentParser"])),
        "stress": Row(level: 7, mayUse: ["CMillrace", "CMillraceRuntime"]),
        "mr_io": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_basic": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_fail": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_bench": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_conform": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_native": Row(level: 2, mayUse: ["CMillrace"]),
        "mr_aggregates": Row(level: 2, mayUse: ["CMillrace", "MillraceSDK"]),
    ]

    /// What each product may reach outside this package.
    static let packages: [String: Set<String>] = [
        "millrace": ["ArgumentParser", "Yams"],
        "millrace-sim": ["ArgumentParser"],
    ]

    static let networkWords = [
        "nio", "grpc", "protobuf", "hummingbird", "grdb", "sqlite", "vapor", "async-http",
    ]

    static func findings(_ manifest: Manifest) -> [String] {
        var found: [String] = []
        for target in manifest.targets where target.kind != "test" && !target.isForTests {
            guard let row = rows[target.name] else {
                found.append("\(target.name) has no row in the table of layers")
                continue
            }
            for dependency in target.dependencies.sorted() {
                if !row.mayUse.contains(dependency) {
                    found.append("\(target.name) may not depend on \(dependency)")
                }
                if let below = rows[dependency], below.level >= row.level {
                    found.append("\(target.name) is not above \(dependency)")
                }
            }
        }
        for product in manifest.products {
            let outside = manifest.reachable(from: product).filter { rows[$0] == nil }
            for package in outside.subtracting(packages[product.name] ?? []).sorted() {
                found.append("product \(product.name) may not reach \(package)")
            }
        }
        for name in manifest.packageNames
        where networkWords.contains(where: { name.lowercased().contains($0) }) {
            found.append("package \(name) is of the network, which nothing here needs yet")
        }
        return found
    }
}

/// The part of `swift package dump-package` that the layers are about.
struct Manifest {
    struct Target {
        var name: String
        var kind: String
        /// A program or a library that only tests use.
        var isForTests = false
        var dependencies: Set<String>
    }
    struct Product {
        var name: String
        var targets: [String]
    }

    var targets: [Target]
    var products: [Product]
    var packageNames: [String]

    init?(json: String) {
        guard
            let top = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any],
            let targets = top["targets"] as? [[String: Any]],
            let products = top["products"] as? [[String: Any]]
        else { return nil }
        self.targets = targets.map { target in
            let dependencies = (target["dependencies"] as? [[String: Any]] ?? []).compactMap {
                ($0.values.first as? [Any])?.first as? String
            }
            return Target(
                name: target["name"] as? String ?? "", kind: target["type"] as? String ?? "",
                isForTests: (target["path"] as? String)?.hasPrefix("Tests/") == true,
                dependencies: Set(dependencies))
        }
        self.products = products.map {
            Product(name: $0["name"] as? String ?? "", targets: $0["targets"] as? [String] ?? [])
        }
        let packages = top["dependencies"] as? [[String: Any]] ?? []
        packageNames = packages.flatMap(\.values).compactMap {
            (($0 as? [[String: Any]])?.first?["identity"]) as? String
        }
    }

    /// Everything a product is made of, targets and outside products alike.
    func reachable(from product: Product) -> Set<String> {
        var seen: Set<String> = []
        var waiting = product.targets
        while let name = waiting.popLast() {
            guard seen.insert(name).inserted else { continue }
            waiting += targets.first { $0.name == name }?.dependencies ?? []
        }
        return seen
    }
}

struct LayeringTests {
    @Test func `targets depend on what their layer allows, products reach no other package`()
        throws
    {
        // A build folder of its own: the one of the running test is locked.
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("tidy-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let dump = Repository.run(
            "swift", "package", "--scratch-path", scratch.path, "dump-package")
        let manifest = try #require(Manifest(json: dump.output))
        #expect(manifest.targets.count > 15)
        #expect(manifest.packageNames.contains("yams"))
        let findings = Layers.findings(manifest)
        #expect(findings.isEmpty, "\n\(findings.joined(separator: "\n"))")
    }

    @Test func `canary: a manifest that breaks the layers is refused`() throws {
        // Jobs depends on Hummingbird and, upwards, on Runtime; a target has no row.
        let json = """
            {"targets": [
              {"name": "MillraceJobs", "type": "regular", "dependencies": [
                {"product": ["Hummingbird", "hummingbird", null, null]},
                {"byName": ["MillraceRuntime", null]}]},
              {"name": "MillraceRuntime", "type": "regular", "dependencies": []},
              {"name": "millrace", "type": "executable", "dependencies": [
                {"target": ["MillraceJobs", null]}]},
              {"name": "Extra", "type": "regular", "dependencies": []}],
             "products": [{"name": "millrace", "targets": ["millrace"]}],
             "dependencies": [{"sourceControl": [{"identity": "hummingbird"}]}]}
            """
        let findings = Layers.findings(try #require(Manifest(json: json)))
        #expect(
            findings == [
                "MillraceJobs may not depend on Hummingbird",
                "MillraceJobs may not depend on MillraceRuntime",
                "MillraceJobs is not above MillraceRuntime",
                "Extra has no row in the table of layers",
                "product millrace may not reach Hummingbird",
                "package hummingbird is of the network, which nothing here needs yet",
            ])
    }
}
