"""What all tests share: how deep property tests dig, and a clean language setting."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the machine may be busy, and a slow first call may be a compilation. Each run draws new examples.
settings.register_profile("default", deadline=None, max_examples=60, derandomize=False, print_blob=True)
settings.register_profile(
    "deep", deadline=None, max_examples=3_000, derandomize=False, print_blob=True, suppress_health_check=[*HealthCheck]
)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts come in English unless a test asks otherwise, whatever the machine speaks."""
    monkeypatch.setenv("CREDITLINE_LANG", "en")
