// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One manifest for everything. Layers and what may import what: docs/ARCHITECTURE.md,
// held by Tests/TidyTests.
import PackageDescription

/// Values in, values out: no pointer, no clock, no file.
let safe: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]
/// Pointers allowed, and each use of one is marked `unsafe`.
let unsafe: [SwiftSetting] = safe + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A bundled plugin is built as a user's plugin is: against the headers, with one exported symbol.
func plugin(
    _ name: String, _ folder: String, needs: [Target.Dependency] = ["CMillrace"],
    libraries: [String] = []
) -> Target {
    let exports: [LinkerSetting] = [
        .unsafeFlags([
            "-Xlinker", "--version-script=include/exports.map", "-Xlinker", "-Bsymbolic",
            "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "noexecstack",
            "-no-toolchain-stdlib-rpath",
        ])
    ]
    return .target(
        name: name, dependencies: needs, path: "Plugins/\(folder)", publicHeadersPath: ".",
        cSettings: [.unsafeFlags(["-fvisibility=hidden", "-O3"])],
        cxxSettings: [.unsafeFlags(["-fvisibility=hidden", "-O3", "-fno-exceptions"])],
        linkerSettings: exports + libraries.map { .linkedLibrary($0) })
}

let package = Package(
    name: "millrace",
    products: [
        .executable(name: "millrace", targets: ["millrace"]),
        .library(name: "MillraceSDK", targets: ["MillraceSDK"]),
        .library(name: "Millrace", targets: ["Millrace"]),
        .library(name: "mr_io", type: .dynamic, targets: ["mr_io"]),
        .library(name: "mr_basic", type: .dynamic, targets: ["mr_basic"]),
        .library(name: "mr_fail", type: .dynamic, targets: ["mr_fail"]),
        .library(name: "mr_bench", type: .dynamic, targets: ["mr_bench"]),
        .library(name: "mr_conform", type: .dynamic, targets: ["mr_conform"]),
        .library(name: "mr_aggregates", type: .dynamic, targets: ["mr_aggregates"]),
        .library(name: "mr_native", type: .dynamic, targets: ["mr_native"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // The plugin ABI: `include/` and one file that compiles it.
        .target(
            name: "CMillrace", path: ".", sources: ["Sources/CMillrace"],
            publicHeadersPath: "include"),
        .target(name: "CMillraceShims", linkerSettings: [.linkedLibrary("zstd")]),
        .target(
            name: "CMillraceRuntime", dependencies: ["CMillrace"],
            cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra"])]),
        .target(
            name: "CMillraceExpression", dependencies: ["CMillrace"],
            cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra"])]),

        .target(name: "MillraceCore", swiftSettings: safe),
        .target(
            name: "MillraceSystem", dependencies: ["MillraceCore", "CMillraceShims"],
            swiftSettings: unsafe),
        .target(
            name: "MillraceGraph", dependencies: ["MillraceCore", yams], swiftSettings: safe),
        // The truth about one job: log, checkpoints, commits, restarts.
        .target(name: "MillraceDelivery", dependencies: ["MillraceCore"], swiftSettings: safe),
        .target(
            name: "MillraceWire",
            dependencies: ["MillraceCore", "MillraceGraph", "MillraceDelivery"],
            swiftSettings: safe),
        .target(
            name: "MillraceFlow",
            dependencies: ["MillraceCore", "MillraceSystem", "CMillrace", "CMillraceRuntime"],
            swiftSettings: unsafe),
        .target(
            name: "MillraceAPI", dependencies: ["MillraceCore", "MillraceGraph"],
            swiftSettings: safe),
        // What is drawn on a terminal, and which key does what there.
        .target(
            name: "MillraceScreen", dependencies: ["MillraceCore", "MillraceAPI"],
            swiftSettings: safe),
        .target(
            name: "MillraceHost",
            dependencies: [
                "MillraceCore", "MillraceSystem", "MillraceGraph", "MillraceWire", "MillraceFlow",
                "CMillrace", "CMillraceRuntime", "CMillraceExpression",
            ],
            swiftSettings: unsafe),
        .target(
            name: "MillraceJobs",
            dependencies: [
                "MillraceCore", "MillraceGraph", "MillraceDelivery", "MillraceWire",
                "MillraceSystem",
            ], swiftSettings: safe),
        .target(
            name: "MillraceRuntime",
            dependencies: [
                "MillraceCore", "MillraceSystem", "MillraceGraph", "MillraceDelivery",
                "MillraceWire", "MillraceFlow", "MillraceHost",
            ],
            swiftSettings: safe),
        // `plugin check`: libraries against the rules of the ABI.
        .target(
            name: "MillraceConformance",
            dependencies: [
                "MillraceCore", "MillraceSystem", "MillraceGraph", "MillraceWire", "MillraceHost",
                "MillraceJobs",
            ],
            swiftSettings: safe),
        .executableTarget(
            name: "millrace",
            dependencies: [
                "MillraceCore", "MillraceSystem", "MillraceGraph", "MillraceWire", "MillraceFlow",
                "MillraceAPI", "MillraceScreen", "MillraceHost", "MillraceJobs",
                "MillraceRuntime", "MillraceConformance", argumentParser,
            ],
            swiftSettings: safe,
            // Where an installed tree has the Swift runtime.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib/millrace"])
            ]),

        // Whole lives of a job from seeds, with the machines of MillraceDelivery.
        .executableTarget(
            name: "millrace-sim",
            dependencies: ["MillraceCore", "MillraceDelivery", argumentParser],
            swiftSettings: safe),

        // Topologies in Swift: nothing of the engine, for programs of others.
        .target(name: "Millrace", path: "SDK/swift/Millrace", swiftSettings: unsafe),
        .target(
            name: "MillraceSDK", dependencies: ["CMillrace"], path: "SDK/swift/MillraceSDK",
            swiftSettings: unsafe + [.enableExperimentalFeature("Lifetimes")]),
        plugin("mr_io", "io", libraries: ["z", "zstd"]),
        plugin("mr_basic", "basic"),
        plugin("mr_fail", "fail"),
        plugin("mr_bench", "bench"),
        plugin("mr_conform", "conform"),
        plugin("mr_aggregates", "aggregates", needs: ["MillraceSDK"]),
        plugin("mr_native", "native", libraries: ["ffi"]),

        .testTarget(name: "TidyTests", swiftSettings: safe),
        // Mock operators and small graphs of them, for the data plane's own tests.
        .target(
            name: "CFlowTestOperators", dependencies: ["CMillrace", "CMillraceRuntime"],
            path: "Tests/Fixtures/flow-operators",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])]),
        // The shipped data plane on real threads; meant for ThreadSanitizer.
        .executableTarget(
            name: "stress", dependencies: ["CMillraceRuntime", "CFlowTestOperators"],
            path: "Tests/StressTests", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])],
            linkerSettings: [.linkedLibrary("pthread")]),
        .testTarget(
            name: "MillraceFlowTests",
            dependencies: [
                "MillraceFlow", "MillraceWire", "CMillrace", "CMillraceRuntime",
                "CFlowTestOperators",
            ], swiftSettings: safe),
        .testTarget(
            name: "MillraceGraphTests", dependencies: ["MillraceGraph", "MillraceCore"],
            swiftSettings: safe),
        .testTarget(
            name: "MillraceDeliveryTests", dependencies: ["MillraceDelivery", "MillraceCore"],
            swiftSettings: safe),
        .testTarget(
            name: "MillraceSystemTests",
            dependencies: ["MillraceSystem", "MillraceCore", "CMillraceShims"],
            swiftSettings: safe),
        .testTarget(
            name: "MillraceWireTests",
            dependencies: ["MillraceWire", "MillraceCore", "CMillraceRuntime"],
            swiftSettings: safe),
        .executableTarget(
            name: "fake-executor",
            dependencies: [
                "MillraceCore", "MillraceGraph", "MillraceWire", "MillraceSystem", "MillraceJobs",
            ],
            path: "Tests/Fixtures/fake-executor", swiftSettings: safe),
        .testTarget(
            name: "MillraceJobsTests",
            dependencies: [
                "MillraceCore", "MillraceGraph", "MillraceWire", "MillraceSystem", "MillraceJobs",
                "CMillraceShims", "fake-executor",
            ], swiftSettings: safe),
        .testTarget(
            name: "MillraceHostTests",
            dependencies: [
                "MillraceHost", "MillraceGraph", "MillraceWire", "MillraceSystem", "MillraceCore",
                "CMillrace", "millrace",
            ], swiftSettings: safe),
        .testTarget(
            name: "MillraceAPITests",
            dependencies: ["MillraceAPI", "MillraceCore", "MillraceGraph"], swiftSettings: safe),
        .testTarget(
            name: "MillraceScreenTests",
            dependencies: ["MillraceScreen", "MillraceAPI", "MillraceCore"], swiftSettings: safe),
        .testTarget(
            name: "MillraceCommandTests",
            dependencies: [
                "millrace", "MillraceAPI", "MillraceCore", "MillraceGraph", "MillraceSystem",
                "MillraceWire",
            ], swiftSettings: safe),
        .executableTarget(
            name: "swift-topologies", dependencies: ["Millrace"],
            path: "Tests/Fixtures/swift-topologies"),
        .testTarget(name: "SwiftFaceTests", dependencies: ["Millrace"], swiftSettings: safe),
        .testTarget(
            name: "IntegrationTests", dependencies: ["millrace", "swift-topologies"],
            swiftSettings: safe),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)
