#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/kafka/whole.py in full: 100,000 messages while three brokers are killed in turn."""
import os
import runpy

os.environ["SF_SIZE"] = "long"
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kafka", "whole.py"), run_name="__main__")
