"""What a browser may send back from the picture of the two towers."""

from typing import Any

import pytest

from components.elements.transformer.encoder_decoder import BOUNDS, TowersView
from components.elements.view import reported

START = TowersView(step=3)


def test_what_the_hand_chose_is_taken_over() -> None:
    sent = {"step": 5, "stop": 6, "layer": 1, "head": 2, "row": 7, "removed": "cross", "rev": 4}
    assert reported(sent, START, 4, BOUNDS) == TowersView(5, 6, 1, 2, 7, "cross")


@pytest.mark.parametrize(
    "change",
    [
        {"rev": 3},
        {"removed": "encoder"},
        {"step": "x"},
        {"row": None},
    ],
)
def test_what_is_old_or_wrong_is_not(change: dict[str, Any]) -> None:
    sent = {"step": 5, "stop": 6, "layer": 1, "head": 2, "row": 7, "removed": "", "rev": 4} | change
    assert reported(sent, START, 4, BOUNDS) == START


def test_what_is_too_far_is_brought_inside() -> None:
    sent = {"step": -1, "stop": 10, "layer": 99, "head": -2, "row": 10**9, "removed": "", "rev": 4}
    assert reported(sent, START, 4, BOUNDS) == TowersView(0, 9, 11, -1, 511, "")


@pytest.mark.parametrize("value", [None, [], "step", {"rev": 4}])
def test_what_is_no_view_is_not(value: Any) -> None:
    assert reported(value, START, 4, BOUNDS) == START
