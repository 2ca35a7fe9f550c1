"""The page "How big is it", from links, in both languages."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages.conftest import Open, notes, said

ROOT = Path(__file__).parents[3]


def test_opens_on_bert_base(open_page: Open, lang: str) -> None:
    at = open_page("transformer/sizes", lang=lang)
    assert "109,482,240" in said(at)
    assert at.session_state["s_num_layers"] == 12


def test_a_link_opens_the_same_size(open_page: Open, lang: str) -> None:
    at = open_page(
        "transformer/sizes",
        lang=lang,
        s_num_layers="24",
        s_hidden_size="1024",
        s_num_heads="16",
        s_intermediate_size="4096",
        s_embedding_size="1024",
    )
    assert "335,141,888" in said(at)


@pytest.mark.parametrize(
    ("key", "given", "used"),
    [
        ("s_num_layers", "0", 1),
        ("s_hidden_size", "9999999", 16_384),
        ("s_num_layers", "abc", 12),
        ("s_stack", "<b>", "encoder"),
    ],
)
def test_odd_links_are_put_right(open_page: Open, key: str, given: str, used: object) -> None:
    at = open_page("transformer/sizes", **{key: given})
    assert at.session_state[key] == used
    assert notes(at)


def test_prepared_states_open(open_page: Open, lang: str) -> None:
    at = open_page("transformer/sizes", lang=lang)
    at.button(key="try-transformer/sizes-2").click().run()
    assert not at.exception
    assert "174,604,259,328" in said(at)


def test_first_view_needs_no_torch() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=60).run();"
        "at.switch_page('pages/transformer/sizes.py').run(); assert not at.exception; print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
