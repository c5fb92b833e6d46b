# SPDX-License-Identifier: Apache-2.0
"""What the tests of kernels/ share: which kernel, the reason where there is none, and which tables there are."""
import os
import re
import unittest

import netns
import vm

PACKAGE = os.environ.get("KERNEL", vm.PACKAGE)


def tables():
    """{name: [the modules that bring it; the last one answers]}"""
    with open(os.path.join(os.environ["SOURCE"], "include", "sockfeed", "tables.def")) as file:
        found = re.findall(r'^TABLE\(\w+, "(\w+)",[^"]*"([^"]*)"', file.read(), re.MULTILINE)
    return {name: modules.split(", ") for name, modules in found}


def main():
    try:
        vm.prepare(PACKAGE)
    except vm.Unavailable as reason:
        netns.skip(reason)
    unittest.main(verbosity=2)
