"""Programs in which macros run; the gate installs them, so there they may not be missing."""

import os
import shutil

import pytest


def need(name):
    """Return the path of a program; skip where it is missing, but not in the gate."""
    path = shutil.which(name)
    if path is None:
        missing = f"{name} is missing: apt-get install {name}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
