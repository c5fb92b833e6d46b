#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/kafka/spooled.py in full: 2,000 kills of the agent."""
import os
import runpy

os.environ["SF_SIZE"] = "long"
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kafka", "spooled.py"), run_name="__main__")
