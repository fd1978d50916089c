// SPDX-License-Identifier: Apache-2.0
// millrace/millrace.hpp - operators in C++17.
//
//   struct Evens : millrace::Operator<Evens> {
//     static constexpr auto info = millrace::info{"demo.evens", "1.0.0"}.doc("Even bytes pass.");
//     static constexpr millrace::port outputs[] = {
//         millrace::port{"out", "same(in)", "The records that pass."}.forwards()};
//
//     millrace::Result process(millrace::Batch in) {
//       return out().forward_if(in, [](millrace::Record r) {
//         return !r.value().empty() && r.value()[0] % 2 == 0;
//       });
//     }
//   };
//   MILLRACE_PLUGIN("demo", Evens)
//
// It is source over the C headers: nothing of it is shared with the host or with other plugins.
// There are no virtual calls, and it works without exceptions and without RTTI. Descriptors and the
// note are made from what the type declares (cpp/describe.hpp), and an extension exists if the type
// has its members (cpp/operator.hpp): name a function `save`, and the operator keeps state.
//
// Whatever is thrown ends at the boundary: its text goes to the host, with a status
// (cpp/calls.hpp).
#ifndef MILLRACE_HPP
#define MILLRACE_HPP

#include "cpp/calls.hpp"
#include "cpp/describe.hpp"
#include "cpp/operator.hpp"
#include "cpp/plugin.hpp"
#include "cpp/records.hpp"
#include "cpp/services.hpp"

#endif
