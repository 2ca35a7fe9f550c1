"""Colours: readable in both themes, distinguishable without full colour vision."""

import itertools

import pytest

from components.figures.theme import BACKGROUND, ROLES, css_variables, palette, rgb

AS_TEXT = [
    "text",
    "quiet",
    "token",
    "key",
    "segment-a",
    "segment-b",
    "position",
    "cut",
    "mask",
    "random",
    "kept",
    "right",
    "wrong",
]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.1, definition of contrast ratio)."""

    def luminance(colour: str) -> float:
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (v / 255 for v in rgb(colour))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("role", AS_TEXT)
def test_roles_are_readable_on_their_background(role: str, dark: bool) -> None:
    assert contrast(palette(dark)[role], BACKGROUND[dark]) >= 4.5  # WCAG 2.1 AA, normal text


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("role", ["text", "quiet", "token"])
def test_words_are_readable_on_surfaces(role: str, dark: bool) -> None:
    assert contrast(palette(dark)[role], palette(dark)["surface"]) >= 4.5


# Viénot, Brettel and Mollon 1999: linear RGB as a dichromat sees it (protanopia, deuteranopia).
_PROTAN = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
_DEUTAN = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> list[float]:
    linear = [(v / 255) ** 2.2 for v in rgb(colour)]
    return [max(0.0, sum(m * v for m, v in zip(row, linear, strict=True))) ** (1 / 2.2) for row in matrix]


@pytest.mark.parametrize("matrix", [_PROTAN, _DEUTAN])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "pair", [("token", "key"), ("segment-a", "segment-b"), ("mask", "random"), ("mask", "kept")]
)
def test_pairs_stay_apart_for_colour_blind_readers(
    pair: tuple[str, str], dark: bool, matrix: tuple[tuple[float, ...], ...]
) -> None:
    one, other = (_seen(palette(dark)[role], matrix) for role in pair)
    assert (
        max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.1
    )  # a tenth of the range in some channel


def test_every_role_reaches_the_browser() -> None:
    css = css_variables()
    for role, pair in ROLES.items():
        assert f"--gb-{role}: light-dark({pair[0]}, {pair[1]});" in css


def test_roles_differ() -> None:
    distinct = [r for r in ROLES if r not in ("right", "wrong")]  # quizzes reuse two, always with words
    for one, other in itertools.combinations(distinct, 2):
        assert ROLES[one] != ROLES[other]
