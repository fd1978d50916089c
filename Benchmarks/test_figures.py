# SPDX-License-Identifier: Apache-2.0
"""The ratchet must notice what is worse and must never loosen."""

import json
import pathlib
import unittest

import figures

RESULTS = {
    "lane": [{"records_per_second": rate} for rate in (70e6, 10e6, 80e6)],
    "limit-hop": [{"records_per_second": 100e6}],
    "roundtrip": [{"p50_ns": 900}],
    "limit-roundtrip": [{"p50_ns": 100}],
    "files-lines": [{"bytes_per_second": 3e9}],
    "files-wc": [{"bytes_per_second": 4e9}],
    "plain-none": [{"records_per_second": 2e6, "p99_seconds": 0.001}],
    "plain-kept": [{"records_per_second": 1.9e6, "p99_seconds": 0.004}],
}


class FiguresTests(unittest.TestCase):
    def test_a_ratio_is_of_medians_and_what_is_missing_has_none(self):
        self.assertEqual(figures.ratios(RESULTS), {"lane / limit": 0.7, "roundtrip / limit": 9,
                                                   "lines / wc": 0.75,
                                                   "plain, checkpoint / none": 0.95})

    def test_what_is_worse_than_a_threshold_is_named(self):
        limits = {"lane / limit": {"at_least": 0.71}, "roundtrip / limit": {"at_most": 8}}
        self.assertEqual(len(figures.broken(figures.ratios(RESULTS), limits)), 2)
        limits = {"lane / limit": {"at_least": 0.7}, "roundtrip / limit": {"at_most": 9}}
        self.assertEqual(figures.broken(figures.ratios(RESULTS), limits), [])

    def test_what_could_not_be_measured_is_named_but_for_flink(self):
        limits = {"hop1 / flink": {"at_least": 1}, "lane / limit": {"at_least": 0.1}}
        self.assertEqual(len(figures.broken({}, limits)), 2)
        self.assertEqual(len(figures.broken({}, limits, with_flink=False)), 1)

    def test_thresholds_are_tightened_and_never_loosened(self):
        limits = {"a": {"at_least": 0.1}, "b": {"at_least": 9}, "c": {"at_most": 30}}
        tight = figures.tightened({"a": 1.0, "b": 1.0, "c": 9.0}, limits)
        self.assertEqual(tight["a"], {"at_least": 0.75})
        self.assertEqual(tight["b"], {"at_least": 9})
        self.assertEqual(tight["c"], {"at_most": 12})

    def test_the_table_has_a_line_for_everything_and_the_thresholds_have_known_names(self):
        lines = figures.table(RESULTS)
        self.assertIn("| lane against limit-hop | 0.7 × | 0.70 × |", "\n".join(lines))
        self.assertIn("| 0.75 × | 3000 MB/s beside 4000 MB/s | yes |", "\n".join(lines))
        self.assertIn("| 0.97 × | 0.95 × | beside 2.00 M/s | no |", "\n".join(lines))
        self.assertIn("| 5 ms | 3.00 ms | 4.00 beside 1.00 ms | yes |", "\n".join(lines))
        self.assertTrue(any("not measured" in line for line in lines))
        file = pathlib.Path(__file__).parent / "thresholds.json"
        known = {"lane / limit", "process / hop1", "roundtrip / limit", "expression / bound",
                 "filter / jq", "heap allocations per record"}
        known |= {f"{shape} / flink" for shape in figures.FLINK_SHAPES}
        known |= {f"{shape}, checkpoint / none" for shape in figures.CHECKPOINTED}
        known |= {f"{above} / {below}" for above, below in figures.FILES}
        self.assertEqual(set(json.loads(file.read_text())), known)


if __name__ == "__main__":
    unittest.main()
