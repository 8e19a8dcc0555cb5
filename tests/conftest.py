"""
Hypothesis profiles. The default runs the same cases everywhere; `HEFU_SIM=long` draws new ones, and many more.
Commands speak English wherever the tests run, unless a test says otherwise.

A failure prints what repeats it; with the commit that is the whole report.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

os.environ.setdefault("HEFU_LANG", "en")
settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("long" if os.environ.get("HEFU_SIM") == "long" else "default")


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """An engine has its process look for cyclic garbage seldom; a process that makes ledgers by the hundred would keep them all."""
    yield
    gc.collect()
