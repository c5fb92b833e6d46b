# SPDX-License-Identifier: Apache-2.0
"""What the tests of kernels/ share: which kernel, the reason where there is none, and which tables there are."""
import os
import re

import vm

PACKAGE = os.environ.get("KERNEL", vm.PACKAGE)


def tables(kernel):
    """{name: [the modules that bring it; the last one answers]}, as a vm.Kernel names them, if it has them at all."""
    with open(os.path.join(os.environ["SOURCE"], "include", "sockfeed", "tables.def")) as file:
        found = re.findall(r'^TABLE\(\w+, "(\w+)",[^"]*"([^"]*)"(?:, "([^"]*)")?', file.read(), re.MULTILINE)
    renamed = {name: [modules.split(", ") for modules in names if modules] for name, *names in found}
    return {name: next((modules for modules in names if modules[-1] in kernel.paths or modules[-1] in kernel.builtin), names[0])
            for name, names in renamed.items()}


def main():
    vm.main(PACKAGE)
