# SPDX-License-Identifier: Apache-2.0
"""Sockets and commands in an emulated machine with another kernel: what harness/inmate.py makes and runs there, told here.

The machine gets `sockfeed`, `ss`, this Python with the modules that are imported there and no more, and their libraries.
What it said is compared here, because there everything that computes is slow.
"""
import base64
import json
import os
import pickle
import py_compile
import shutil
import subprocess
import sys
import tempfile
import typing

import feed
import vm

HARNESS = os.path.dirname(os.path.abspath(__file__))
SOCKFEED = "/sockfeed"  # where it is in the machine

COMMAND = f"""export PYTHONHOME={sys.base_prefix} PYTHONPATH={HARNESS}
/python -S -B -c 'import inmate; inmate.main()'
"""
# Which files make up the modules that are named and those that they import; the frozen ones have none.
LIST = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
print(json.dumps([spec.origin for spec in specs if spec.has_location]))
"""


class Said(typing.NamedTuple):
    """What a command did, as bytes."""
    status: int
    stdout: bytes
    stderr: bytes


def compiled(path):
    with tempfile.TemporaryDirectory() as folder:
        made = py_compile.compile(path, os.path.join(folder, "pyc"), doraise=True,
                                  invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        with open(made, "rb") as file:
            return file.read()


def python(names):
    """{path in the machine: what is to be there} of a Python that can import these modules."""
    listed = subprocess.run([sys.executable, "-S", "-c", LIST, "encodings.idna", *names], env={**os.environ, "PYTHONPATH": HARNESS},
                            stdout=subprocess.PIPE, check=True)
    files = {"python": os.path.realpath(getattr(sys, "_base_executable", sys.executable))}
    for path in json.loads(listed.stdout):
        files.update({path + "c": compiled(path)} if path.endswith(".py") else {path: path})
    return files


def program(name, *arguments):
    """The command that runs a program of harness/ there."""
    return ["/python", "-S", "-B", "-c", f"import {name}; {name}.main()", *arguments]


def run(package, commands, worlds=(), modules=(), loadable=(), files=None, programs=(), memory=512):
    """(the worlds that those modules have made there, [Said] of each command). `programs`: of harness/, that are run."""
    plan = json.dumps({"worlds": worlds, "commands": commands}).encode()
    brought = {"sockfeed": feed.SOCKFEED, "usr/bin/ss": shutil.which("ss"), "plan.json": plan, **python(["inmate", *worlds, *programs]),
               **(files or {})}
    guest = vm.Guest(COMMAND, brought, modules, package, loadable)
    try:
        machine = vm.Machine(guest, memory=memory)
        try:
            status = machine.wait()
        finally:
            machine.close()
        lines = [json.loads(line) for line in machine.lines]
        assert status == 0 and len(lines) == len(commands) + 1, f"status {status}, {len(lines)} answers; {machine.story()}"
    finally:
        guest.close()
    made = pickle.loads(base64.b64decode(lines[0]["worlds"]))
    return made, [Said(line["status"], *(base64.b64decode(line[name]) for name in ("stdout", "stderr"))) for line in lines[1:]]
