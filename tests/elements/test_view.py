"""What a browser reports is believed only under its revision and within its bounds."""

from dataclasses import dataclass

import pytest
import streamlit as st

from components.elements.view import Members, OneOf, Real, Several, Subset, Whole, reported, sent, started


@dataclass(frozen=True)
class Place:
    """A view of an element that does not exist."""

    step: int
    scale: str
    weights: tuple[float, ...]
    painted: tuple[int, ...] = ()


BOUNDS = {
    "step": Whole(0, 6),
    "scale": OneOf(("row", "common")),
    "weights": Several(Real(0, 1), 2),
    "painted": Subset(4),
}
LINK = Place(2, "row", (0.5, 1.0), (1,))
GOOD = {"step": 6, "scale": "common", "weights": [0, 0.25], "painted": [3, 3, 9, 0], "rev": 4}


def test_a_good_report_is_taken() -> None:
    assert reported(GOOD, LINK, 4, BOUNDS) == Place(6, "common", (0, 0.25), (0, 3))


def test_numbers_out_of_bounds_are_brought_inside() -> None:
    far = GOOD | {"step": 10**30, "weights": [-3, 8]}
    assert reported(far, LINK, 4, BOUNDS) == Place(6, "common", (0, 1), (0, 3))
    assert reported(None, Place(99, "row", (7.0, 0.0), (8,)), 4, BOUNDS) == Place(6, "row", (1, 0), ())


@pytest.mark.parametrize(
    "bad",
    [
        {"rev": 3},
        {"scale": "<b>"},
        {"step": None},
        {"step": float("inf")},
        {"painted": 7},
        {"weights": [1]},
        {"weights": [float("nan"), 0]},
        {"weights": ["x", 0]},
    ],
)
def test_what_cannot_be_read_leaves_the_view_of_the_link(bad: dict[str, object]) -> None:
    assert reported(GOOD | bad, LINK, 4, BOUNDS) == LINK


@pytest.mark.parametrize("nothing", [None, 7, "x", [], {}])
def test_no_report_leaves_the_view_of_the_link(nothing: object) -> None:
    assert reported(nothing, LINK, 4, BOUNDS) == LINK


def test_the_start_stays_until_the_link_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the data of an element would travel again at each of its own steps."""
    monkeypatch.setattr(st, "session_state", {})
    assert started("board", LINK, 1) == LINK
    assert started("board", Place(5, "row", (0, 0)), 1) == LINK
    assert started("board", Place(5, "row", (0, 0)), 2) == Place(5, "row", (0, 0))


def test_members_are_taken_in_the_order_of_the_options() -> None:
    heads = Members(("0.0", "0.1", "1.2"))
    assert heads.read(["1.2", "x", "0.0", "1.2", 7]) == ("0.0", "1.2")
    for value in (None, 7, "0.0"):
        with pytest.raises(TypeError):
            heads.read(value)


def test_a_message_of_before_is_not_believed() -> None:
    assert sent({"rev": 3, "a": 1}, 3) == {"rev": 3, "a": 1}
    assert sent({"rev": 2}, 3) is None
    assert sent({"a": 1}) == {"a": 1}  # an element that sends no ``rev``
    for odd in (None, 3, "rev", [3], {"a": 1}):
        assert sent(odd, 3) is None


@pytest.mark.parametrize("odd", [[], {}, None, "x", float("nan"), float("inf")])
def test_no_number_is_made_of_what_is_none(odd: object) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        Whole(0, 9).read(odd)
