"""Fixtures for every room of tests."""

import pytest

from tests.lm.families import Families


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """Tiny random models of many families, each written at the first use and read-only."""
    return Families(tmp_path_factory.mktemp("families"))
