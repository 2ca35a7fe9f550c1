"""The page "Positions", from links, in both languages."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import float32
from tests.pages.conftest import Open, notes, said

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
        ("pos_dim", "1e9", 191),  # the wider of the two tables
        ("pos_measure", "<script>", "dot"),
    ],
)
def test_odd_links_are_put_right(open_page: Open, key: str, given: str, used: object) -> None:
    at = open_page("transformer/positions", **{key: given})
    assert at.session_state[key] in (used, 63 if key == "pos_at" else used)
    assert notes(at)


@pytest.mark.parametrize(
    "sentence", ["", "   ", "one two", "😀 " * 50, "שלום לכם ילדים טובים", "word " * 4000]
)
def test_shuffling_takes_any_sentence(open_page: Open, sentence: str) -> None:
    at = open_page("transformer/positions", pos_sentence=sentence)
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
    ("model", "began"), [("pocket-bert", b"began from sines"), ("pocket-gpt", b"no order")]
)
def test_how_the_table_began_is_told(open_page: Open, model: str, began: bytes) -> None:
    at = open_page("transformer/positions", pos_model=model)
    block = next(b for b in at.get("bidi_component") if b.proto.component_name == "glassbox.position_tables")
    assert began in block.proto.bytes


def own(lang: str) -> tuple[str, str, int]:
    """Model, sentence and shuffle that the page begins with in a language."""
    from components.lessons.transformer import positions

    if lang == "ko":
        model, text, seed = (positions.KOREAN[key] for key in ("pos_model", "pos_sentence", "pos_seed"))
        return model, text, seed
    return positions.default_model(), positions.BERT_SENTENCE, positions.SEED


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("pocket-gpt", "GPT_SENTENCE"),
        ("pocket-gpt-ko", "KOREAN_GPT_SENTENCE"),
        ("pocket-bert", "BERT_SENTENCE"),
    ],
)
def test_the_sentence_goes_with_the_model(open_page: Open, model: str, sentence: str) -> None:
    from components.lessons.transformer import positions

    at = open_page("transformer/positions", lang="ko")
    assert at.session_state["pos_sentence"] == positions.KOREAN["pos_sentence"]
    at.session_state["pos_model"] = model
    at.run()
    assert not at.exception
    assert at.session_state["pos_sentence"] == getattr(positions, sentence)
    at.session_state["pos_model"] = "pocket-bert-ko"
    at.run()
    assert at.session_state["pos_sentence"] == positions.KOREAN["pos_sentence"]


def test_the_first_view_shows_what_positions_do(open_page: Open, lang: str) -> None:
    """Another bundled model may need another sentence or shuffle: BERT_SENTENCE, SEED, KOREAN."""
    from components.lessons.transformer import positions

    name, text, seed = own(lang)
    card = positions.checkpoints.card(name)
    shuffle = positions.two_orders(card.name, card.revision, text, seed)
    written, shuffled = shuffle.readings["normal"]
    assert written.top[0][0] != shuffled.top[0][0]
    assert written.top[0][1] > 2 * written.top[1][1]  # a clear guess, so that its loss is seen
    alone = shuffle.readings["same"]
    assert [token for token, _ in alone[0].top] == [token for token, _ in alone[1].top]
    assert shuffle.largest["same"] < positions.UNCHANGED < shuffle.largest["normal"]
    at = open_page("transformer/positions", lang=lang)
    assert f"“{written.top[0][0]}”" in said(at)
    assert f"“{shuffled.top[0][0]}”" in said(at)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_recorded_view_is_what_the_model_computes(lang: str) -> None:
    from components.lessons.transformer import positions
    from components.lm.transformer.positions import shuffle_words
    from components.shell.loading import load_model

    name, text, seed = own(lang)
    card = positions.checkpoints.card(name)
    known = positions.recorded_shuffle(card.name, card.revision, text, seed)
    assert known is not None, "python assets/traces/make.py transformer/positions"
    made = shuffle_words(load_model(card.name, "attention"), text, seed)
    assert known.order == made.order
    for kind in known.readings:
        for one, two in zip(known.readings[kind], made.readings[kind], strict=True):
            assert one.words == two.words
            assert [p for _, p in one.top] == pytest.approx([p for _, p in two.top], abs=float32.SHARE)


def test_a_prepared_state_of_the_tables_leaves_the_shuffle(open_page: Open) -> None:
    """In Korean the page begins with another shuffle than the default of the link."""
    at = open_page("transformer/positions", lang="ko")
    assert at.session_state["pos_seed"] == 0
    at.button(key="try-transformer/positions-0").click().run()
    assert at.session_state["pos_at"] == 60
    assert at.session_state["pos_seed"] == 0
