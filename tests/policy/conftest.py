"""The shipped policy, read once."""

from __future__ import annotations

import pytest

from agents.policy_files import load
from streams.policy import Policy


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load()
