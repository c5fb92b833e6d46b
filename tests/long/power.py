#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of power/ that lose it at random moments, with a hundred losses each."""
import os
import subprocess
import sys

os.environ["POWER_KILLS"] = "100"
HERE = os.path.dirname(os.path.abspath(__file__))
for name in "spool.py", "agent.py":
    status = subprocess.run([sys.executable, os.path.join(HERE, "..", "power", name)]).returncode
    if status:
        sys.exit(status)
