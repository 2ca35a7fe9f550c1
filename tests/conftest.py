"""Fixtures for every room of tests."""

import functools

import pytest
from streamlit.components.v2 import manifest_scanner

from tests.lm.families import Families

# AppTest looks through every installed package for components each time it begins a page, which took almost half of the page
# tests. What is installed does not change meanwhile.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """Tiny random models of many families, each written at the first use and read-only."""
    return Families(tmp_path_factory.mktemp("families"))
