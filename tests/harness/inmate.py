# SPDX-License-Identifier: Apache-2.0
"""What runs inside of an emulated machine (harness/emulated.py is the other end): it makes the sockets that /plan.json
names, keeps them, and runs the commands there one after the other. What was made and what each command said are a line of
JSON each on stdout. There is no more of Python in that machine than this file and the worlds import.
"""
import base64
import importlib
import json
import pickle
import subprocess
import sys


def tell(**facts):
    print(json.dumps(facts), flush=True)


def told(data):
    return base64.b64encode(data).decode()


def main():
    with open("/plan.json") as file:
        plan = json.load(file)
    worlds = [importlib.import_module(name).make() for name in plan["worlds"]]
    tell(worlds=told(pickle.dumps(worlds)))
    for command in plan["commands"]:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tell(status=done.returncode, stdout=told(done.stdout), stderr=told(done.stderr))
    sys.exit(0)
