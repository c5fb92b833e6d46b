#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/kafka/disks.py in full: disks that fail for longer."""
import os
import runpy

os.environ["SF_SIZE"] = "long"
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kafka", "disks.py"), run_name="__main__")
