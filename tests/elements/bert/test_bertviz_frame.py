"""bertviz's page: nothing is fetched, the numbers are in it once, a token stays a token."""

import re

import numpy as np
import pytest

from components.elements.bert.bertviz_frame import bertviz_html, lines_to_draw

# bertviz leaves its own script file open until it is collected.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
WEIGHTS = np.full((2, 3, 4, 4), 0.123456, np.float32)
TOKENS = ["</script><script>alert(1)</script>", "안", 'a"b', "plain"]


def page(view: str, **more):
    vectors = (
        {"queries": np.full((4, 5), 0.777111, np.float32), "keys": np.ones((4, 5), np.float32)}
        if view == "neuron"
        else {}
    )
    return bertviz_html(
        view, WEIGHTS, TOKENS, layer=1, head=2, second_from=None, dark=False, **vectors, **more
    )


@pytest.mark.parametrize("view", ["head", "model", "neuron"])
def test_page(view: str) -> None:
    html = page(view)
    own = html[html.rindex("bertviz") :] if view == "neuron" else html
    assert not re.search(r"<(?:script|link)[^>]*(?:src|href)=", html)
    assert "alert(1)</script>" not in own
    assert "gbtoken" not in html
    numbers = {"head": 2 * 3 * 16, "model": 2 * 3 * 16, "neuron": 16}[view]
    assert html.count("0.123") == numbers  # once each, rounded
    assert "0.1234" not in html
    assert "\\uc548" in html


def test_dark_and_pairs() -> None:
    assert page("head") != bertviz_html("head", WEIGHTS, TOKENS, layer=0, head=0, second_from=2, dark=True)


def test_neuron_needs_vectors() -> None:
    with pytest.raises(ValueError, match="queries"):
        bertviz_html("neuron", WEIGHTS, TOKENS, layer=0, head=0, second_from=None, dark=False)


def test_lines() -> None:
    assert lines_to_draw("head", 12, 12, 64) == 49_152
    assert lines_to_draw("model", 12, 12, 64) == 589_824
