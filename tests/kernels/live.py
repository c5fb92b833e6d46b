#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of live/, as they are, on another kernel (KERNEL names its package), which has tables that the host may lack.
Only those that ask seldom: all that computes takes 18 times as long there."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import emulated
import kernels
import vm

LIVE = os.path.join(os.environ["SOURCE"], "tests", "live")
SCRIPTS = "tables", "locals", "rare"


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kernel = vm.Kernel(kernels.PACKAGE)
        modules = [module for modules in kernels.tables(kernel).values() for module in modules if module in kernel.paths]
        scripts = [os.path.join(LIVE, f"{name}.py") for name in SCRIPTS]
        _, cls.said = emulated.run(kernels.PACKAGE, [emulated.program(script) for script in scripts], modules=modules,
                                   programs=scripts)

    def test_they_pass(self):
        for name, said in zip(SCRIPTS, self.said):
            told = (said.stdout + said.stderr).decode(errors="replace")
            print(name, *told.splitlines()[-4:], sep="\n    ")
            with self.subTest(name):
                self.assertEqual(said.status, 0, told)


kernels.main()
