"""What all tests share: how deep property tests dig, and the language texts come in."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Before anything of ours is imported: the help of commands is read then. Tests that want Chinese ask for it.
os.environ["CREDITLINE_LANG"] = "en"

# No deadline: the machine may be busy, and a slow first call may be a compilation. Each run draws new examples.
settings.register_profile("default", deadline=None, max_examples=60, derandomize=False, print_blob=True)
settings.register_profile(
    "deep", deadline=None, max_examples=3_000, derandomize=False, print_blob=True, suppress_health_check=[*HealthCheck]
)
settings.load_profile("default")
