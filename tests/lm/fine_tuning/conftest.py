"""The small BERT that most tests of this chapter train."""

import pytest

from components.lm import checkpoints


@pytest.fixture(scope="session")
def loaded() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-bert", "masked_prediction")
