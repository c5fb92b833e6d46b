#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Against the mock cluster, in full: a hundred fatal errors of the library, one after the other, and brokers that do
twenty times what chance says."""
import os
import subprocess
import sys

TESTS = os.path.join(os.environ["BUILD"], "tests")


def run(name, **environment):
    return subprocess.run([os.path.join(TESTS, name)], env={**os.environ, **environment}).returncode != 0


failed = run("unit_kafka_life", SF_FATALS="100")
for seed in range(1, 21):
    failed += run("unit_kafka_flaps", SF_SEED=str(seed), SF_BATCHES="400")
sys.exit(failed)
