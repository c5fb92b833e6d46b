# SPDX-License-Identifier: Apache-2.0
"""tests/kafka/complete, for tests that have records rather than files."""
import importlib.machinery
import importlib.util
import io
import json
import os
import sys

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kafka", "complete")


def load():
    loader = importlib.machinery.SourceFileLoader("complete", PATH)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("complete", loader))
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


complete = load()


def judge(lines, *options):
    """(problems, summaries, what is told besides) of lines as bytes or as records; options as on the command line."""
    file = io.BytesIO(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    file.name = "stream"
    return complete.judge([file], complete.options_of(list(options)))
