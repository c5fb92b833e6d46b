#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/live/churn.py in full: 8,000 sockets that stand still, 200 queries."""
import os
import runpy

os.environ["SF_SIZE"] = "long"
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live", "churn.py"), run_name="__main__")
