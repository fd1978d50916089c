// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Millrace for Swift, as a package that needs no other: MillraceSDK for operators, Millrace for
// topologies. The package of an operator names it by path, through the link that `millrace new`
// makes: .package(path: ".millrace/sdk/swift").
import PackageDescription

let package = Package(
    name: "MillraceSDK",
    products: [
        .library(name: "MillraceSDK", targets: ["MillraceSDK"]),
        .library(name: "Millrace", targets: ["Millrace"]),
    ],
    targets: [
        .target(
            name: "Millrace", path: "Millrace",
            swiftSettings: [.enableUpcomingFeature("ExistentialAny"), .strictMemorySafety()]),
        .target(name: "CMillrace", path: "CMillrace"),
        .target(
            name: "MillraceSDK", dependencies: ["CMillrace"], path: "MillraceSDK",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .strictMemorySafety(),
                .enableExperimentalFeature("Lifetimes"),
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
