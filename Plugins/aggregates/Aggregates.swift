// SPDX-License-Identifier: Apache-2.0
import MillraceSDK

private let library = Library("aggregates", version: "1.0.0", license: "Apache-2.0") {
    Count.self
    Top.self
}

@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { unsafe library.table }
