// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One shared library with one exported symbol. Outside of Millrace's own tree, depend on its URL,
// and keep a copy of exports.map beside this file.
import PackageDescription

let millrace = "../../../.."
let exports = "\(Context.packageDirectory)/\(millrace)/include/exports.map"

let package = Package(
    name: "longest",
    products: [.library(name: "longest", type: .dynamic, targets: ["longest"])],
    dependencies: [.package(name: "millrace", path: millrace)],
    targets: [
        .target(
            name: "longest",
            dependencies: [.product(name: "MillraceSDK", package: "millrace")],
            path: ".", exclude: ["README.md"], sources: ["Longest.swift"],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(exports)"])])
    ],
    swiftLanguageModes: [.v6]
)
