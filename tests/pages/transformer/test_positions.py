"""The page "Positions", from links, in both languages."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages.conftest import Open, said

ROOT = Path(__file__).parents[3]


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page("transformer/positions", lang=lang)
    assert at.session_state["pos_at"] == 7
    assert "d_model = 128" in said(at)


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(
        "transformer/positions", lang=lang, pos_width="8", pos_at="40", pos_dim="3", pos_view="matrix"
    )
    assert "d_model = 8" in said(at)
    assert "40" in said(at)
    assert at.session_state["pos_view"] == "matrix"


@pytest.mark.parametrize(
    ("key", "given", "used"),
    [
        ("pos_width", "7", "128"),
        ("pos_at", "-5", 0),
        ("pos_dim", "1e9", 4095),
        ("pos_measure", "<script>", "dot"),
    ],
)
def test_odd_links_are_put_right(open_page: Open, key: str, given: str, used: object) -> None:
    at = open_page("transformer/positions", **{key: given})
    assert at.session_state[key] in (used, 63 if key == "pos_at" else used)
    assert "gb-note" in said(at)


@pytest.mark.parametrize(
    "sentence", ["", "   ", "one two", "😀 " * 50, "שלום לכם ילדים טובים", "word " * 4000]
)
def test_shuffling_takes_any_sentence(open_page: Open, sentence: str) -> None:
    at = open_page("transformer/positions", pos_shuffle="1", pos_sentence=sentence)
    assert not at.exception


def test_an_unknown_model_is_refused_in_words(open_page: Open) -> None:
    at = open_page("transformer/positions", pos_model="no-such-model")
    assert at.warning or at.markdown


def test_first_view_needs_no_torch() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=60).run();"
        "at.switch_page('pages/transformer/positions.py').run(); assert not at.exception; print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("model", "began"), [("pocket-bert", b"began as sines"), ("pocket-gpt", b"no order")]
)
def test_how_the_table_began_is_told(open_page: Open, model: str, began: bytes) -> None:
    at = open_page("transformer/positions", pos_model=model)
    block = next(b for b in at.get("bidi_component") if b.proto.component_name == "glassbox.position_tables")
    assert began in block.proto.bytes
