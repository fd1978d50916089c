// SPDX-License-Identifier: Apache-2.0
// Written by scripts/swift-note. Says, to whoever reads the file without loading it:
// {"millrace":1,"abi":"1.0","name":"aggregates","version":"1.0.0","operators":["count","top"]}
@section(".note.millrace") @used
let note: [30 of UInt32] = [
    0x00000009, 0x0000005d, 0x00000001, 0x6c6c694d, 0x65636172, 0x00000000, 0x696d227b,
    0x61726c6c, 0x3a226563, 0x61222c31, 0x3a226962, 0x302e3122, 0x6e222c22, 0x22656d61,
    0x6761223a, 0x67657267, 0x73657461, 0x76222c22, 0x69737265, 0x3a226e6f, 0x302e3122,
    0x2c22302e, 0x65706f22, 0x6f746172, 0x3a227372, 0x6f63225b, 0x22746e75, 0x6f74222c,
    0x7d5d2270, 0x00000000,
]
