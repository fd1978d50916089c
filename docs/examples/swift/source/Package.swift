// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One shared library with one exported symbol. Outside of Millrace's own tree, depend on its URL,
// and keep a copy of exports.map beside this file.
import PackageDescription

let millrace = "../../../.."
let exports = "\(Context.packageDirectory)/\(millrace)/include/exports.map"

let package = Package(
    name: "squares",
    products: [.library(name: "squares", type: .dynamic, targets: ["squares"])],
    dependencies: [.package(name: "millrace", path: millrace)],
    targets: [
        .target(
            name: "squares",
            dependencies: [.product(name: "MillraceSDK", package: "millrace")],
            path: ".", exclude: ["README.md"], sources: ["Squares.swift"],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(exports)"])])
    ],
    swiftLanguageModes: [.v6]
)
