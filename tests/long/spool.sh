#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The spool's tests with more of what is random: crashes at every step, flipped bits.
set -euo pipefail

SF_SPOOL_ROUNDS=60 "$BUILD/tests/unit_spool_crash"
SF_SPOOL_FLIPS=2000 "$BUILD/tests/unit_spool_damage"
