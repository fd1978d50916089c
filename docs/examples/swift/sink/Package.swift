// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One shared library with one exported symbol. Outside of Millrace's own tree, name the SDK folder
// of an installed one, PREFIX/share/millrace; `millrace new operator` does it with a link.
import PackageDescription

let sdk = "../../../../SDK"
let exports = "\(Context.packageDirectory)/\(sdk)/exports.map"

let package = Package(
    name: "longest",
    products: [.library(name: "longest", type: .dynamic, targets: ["longest"])],
    dependencies: [.package(name: "MillraceSDK", path: "\(sdk)/swift")],
    targets: [
        .target(
            name: "longest",
            dependencies: [.product(name: "MillraceSDK", package: "MillraceSDK")],
            path: ".", exclude: ["README.md"], sources: ["Longest.swift"],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(exports)"])])
    ],
    swiftLanguageModes: [.v6]
)
