# SPDX-License-Identifier: Apache-2.0
"""Sockets and commands in an emulated machine with another kernel: what harness/inmate.py makes and runs there, told here.

The machine gets `sockfeed`, `ss`, this Python with the modules that are imported there and no more, and their libraries.
What it said is compared here, because there everything that computes is slow.
"""
import base64
import json
import modulefinder
import os
import pickle
import py_compile
import shutil
import sys
import tempfile
import typing

import feed
import vm

HARNESS = os.path.dirname(os.path.abspath(__file__))
SOCKFEED = "/sockfeed"  # where it is in the machine

COMMAND = f"""export PYTHONHOME={sys.base_prefix} PYTHONPATH={HARNESS} SOCKFEED={SOCKFEED}
/python -S -B -c 'import inmate; inmate.main()'
"""
# Not needed by anything that runs there, though something imports it somewhere.
NEVER = ["asyncio", "bz2", "doctest", "email", "http", "logging", "lzma", "multiprocessing", "pdb", "pydoc", "ssl", "tarfile",
         "unittest.mock", "urllib", "zipfile"]


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


def python(scripts):
    """{path in the machine: what is to be there} of a Python that can run these files."""
    finder = modulefinder.ModuleFinder([HARNESS, *(path for path in sys.path[1:] if "tests" not in path)], excludes=NEVER)
    for script in scripts:
        finder.load_file(script)
    finder.import_hook("encodings.idna")
    finder.import_hook("encodings.utf_8")
    files = {"python": os.path.realpath(getattr(sys, "_base_executable", sys.executable))}
    for path in {module.__file__ for module in finder.modules.values() if module.__file__}:
        files.update({path + "c": compiled(path)} if path.endswith(".py") else {path: path})
    return files


def program(path, *arguments):
    """The command that runs a Python file there."""
    return ["/python", "-S", "-B", path + "c", *arguments]


def run(package, commands, worlds=(), modules=(), loadable=(), files=None, programs=(), memory=512):
    """(the worlds that those modules have made there, [Said] of each command). `programs`: Python files that are run."""
    plan = json.dumps({"worlds": worlds, "commands": commands}).encode()
    here = [os.path.join(HARNESS, f"{name}.py") for name in ("inmate", *worlds)]
    brought = {SOCKFEED: feed.SOCKFEED, "usr/bin/ss": shutil.which("ss"), "plan.json": plan, **python([*here, *programs]),
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
