# SPDX-License-Identifier: Apache-2.0
"""What tests fetch or make once, in a folder of the user's cache. Parallel callers do it once."""
import contextlib
import fcntl
import os
import tempfile


class Broken(Exception):
    """A sentence for the user."""


def root():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "sockfeed-tests")


@contextlib.contextmanager
def locked(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(name, make):
    """The folder of that name, made by make(folder) unless it is there: whole or not at all."""
    final = os.path.join(root(), name)
    if os.path.isdir(final):
        return final
    with locked(final + ".lock"):
        if not os.path.isdir(final):
            with tempfile.TemporaryDirectory(dir=root()) as scratch:
                fresh = os.path.join(scratch, "fresh")
                os.mkdir(fresh)
                make(fresh)
                os.rename(fresh, final)
    return final
