#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every value that `ss -tanimoeO` prints of a socket is in its record: harness/as_ss.py says how that is seen."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import as_ss
import feed
import netns
import witness
import world as worlds

ROUNDS = 20

netns.enter()
comparison = as_ss.Comparison(worlds.make())
for _ in range(ROUNDS):
    before = witness.ask(*as_ss.THEIRS)
    records = feed.run(as_ss.OURS)[0]
    comparison.look(before, records, witness.ask(*as_ss.THEIRS))
    if comparison.wrong or not comparison.waiting():
        break
sys.exit(1 if comparison.end() else 0)
