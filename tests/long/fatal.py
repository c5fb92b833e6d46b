#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hundred fatal errors of the library, one after the other: each time a new producer, and nothing is left behind."""
import os
import sys

BUILD = os.environ["BUILD"]
os.environ["SF_FATALS"] = "100"
path = os.path.join(BUILD, "tests", "unit_kafka_life")
sys.stdout.flush()
os.execv(path, [path])
