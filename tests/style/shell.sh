#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No shell script of this tree has anything that shellcheck refuses, and shellcheck does refuse.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# shellcheck disable=SC2016 # the sample is meant as it stands
if printf '#!/bin/sh\nrm -rf $1\n' | shellcheck - >/dev/null; then
	echo "shellcheck accepts a sample that it should refuse"
	exit 1
fi

mapfile -t scripts < <(grep -rIlE --exclude-dir=.git --exclude-dir='build*' --exclude-dir=corpus \
	'^#!.*[/ ](ba)?sh$|^# shellcheck shell=' . | sort)
if [[ ${#scripts[@]} -lt 5 ]]; then
	echo "only ${#scripts[@]} shell scripts were found"
	exit 1
fi
shellcheck -x "${scripts[@]}"
echo "${#scripts[@]} shell scripts"
