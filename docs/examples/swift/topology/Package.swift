// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// A program that writes a topology. Outside of Millrace's own tree, name the SDK folder of an
// installed one, PREFIX/share/millrace.
import PackageDescription

let package = Package(
    name: "colours",
    dependencies: [.package(name: "MillraceSDK", path: "../../../../SDK/swift")],
    targets: [
        .executableTarget(
            name: "colours",
            dependencies: [.product(name: "Millrace", package: "MillraceSDK")],
            path: ".", exclude: ["README.md"], sources: ["main.swift"])
    ],
    swiftLanguageModes: [.v6]
)
