"""Masked language model: through app.py, from links, in both languages."""

from pathlib import Path

import pytest

from components.lessons import recorded
from components.lessons.bert.masking import NEED_EACH_OTHER, ORDERS, PIECES
from tests import float32
from tests.pages.conftest import Open, data_of, modules_after

PAGE = "bert/masking"
LISTED = f'lesson("{PAGE}"' in (Path(__file__).parents[3] / "app.py").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(not LISTED, reason="the page is listed once pocket-bert is bundled")


def test_first_view_has_open_blanks(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang), "mask_lab")
    assert len(data["cards"]) == len(data["hidden"]) == 1
    for card in data["cards"]:
        assert sum(c[2] for c in card["candidates"]) + card["rest"] == pytest.approx(1, abs=1e-6)
        assert card["original"]["rank"] >= 1


def test_a_link_opens_blanks_and_fillings(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, mlm_text="The cat sat on the mat.", hidden="2.6", filled="2.300", mlm_look="order"
    )
    data = data_of(at, "mask_lab")
    assert data["hidden"] == [2, 6]
    assert [f[:2] for f in data["filled"]] == [[2, 300]]
    assert [card["position"] for card in data["cards"]] == [6]
    assert data["cards"][0]["original"]["before"] is not None


@pytest.mark.parametrize("look", ["three_ways", "order", "pieces", "nothing"])
def test_every_panel(open_page: Open, look: str) -> None:
    open_page(PAGE, mlm_text="The clockmaker smiled at the xylophone.", hidden="2.3", mlm_look=look)


def test_the_order_of_filling_is_shown(open_page: Open, lang: str) -> None:
    """The prepared example: all at once, the model writes a text that no order would write."""
    at = open_page(PAGE, lang=lang, mlm_text=NEED_EACH_OTHER, hidden="3.4", mlm_look="order")
    found = data_of(at, "mask_looks")["found"]
    assert [token for token, special in found["tokens"] if not special][2:4] == ["their", "eyes"]
    written = {one["order"]: {step[0]: step[2] for step in one["steps"]} for one in found["orders"]}
    assert list(written) == list(ORDERS)
    assert all(set(tokens) == {3, 4} for tokens in written.values())
    assert written["at_once"] != written["left_to_right"] != written["right_to_left"]
    assert [step[0] for step in found["orders"][2]["steps"]] == [4, 3]  # from right to left


def test_pieces_of_the_prepared_word(open_page: Open) -> None:
    """With its other piece in sight each piece is easier, and one of them is the first guess."""
    cards = data_of(
        open_page(PAGE, mlm_text=PIECES, hidden="3.4", whole_words="1", mlm_look="pieces"), "mask_looks"
    )["found"]["cards"]
    own = [card["original"] for card in cards]
    for alone, together in zip(own[::2], own[1::2], strict=True):
        assert alone["loss"] < together["loss"]
    assert min(piece["rank"] for piece in own[::2]) == 1
    assert min(piece["rank"] for piece in own[1::2]) > 1


@pytest.mark.parametrize(
    "text",
    ["", "word", "[MASK] [MASK]", "안녕하세요", "👨‍👩‍👧‍👦", "<img src=x onerror=alert(1)>", "a word " * 2857],
)
def test_odd_texts(open_page: Open, text: str) -> None:
    for hidden in ("", "1", "0.1.99.4000"):
        data = data_of(open_page(PAGE, mlm_text=text, hidden=hidden), "mask_lab")
        assert all(not data["tokens"][p]["special"] for p in data["hidden"])


def test_all_tokens_hidden(open_page: Open) -> None:
    data = data_of(
        open_page(PAGE, mlm_text="The cat sat on the mat.", hidden=".".join(map(str, range(30)))), "mask_lab"
    )
    assert {i for i, token in enumerate(data["tokens"]) if not token["special"]} == set(data["hidden"])


def test_a_model_without_the_head_is_refused_in_words(open_page: Open) -> None:
    at = open_page(PAGE, bert_model="pocket-gpt")
    assert any("pocket-gpt" in warning.value for warning in at.warning)
    assert data_of(at, "mask_lab")["cards"]


def test_first_view_needs_no_torch() -> None:
    assert modules_after(PAGE, "mask_looks") == []


def test_the_kept_first_view_is_what_the_model_says(
    open_page: Open, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file and without it: the same tokens, the same cards (float32 sums may end a digit apart)."""
    kept = open_page(PAGE, lang=lang)
    monkeypatch.setattr(recorded, "trace_file", lambda name: None)
    computed = open_page(PAGE, lang=lang)
    for one, other in (
        (data_of(kept, "mask_lab"), data_of(computed, "mask_lab")),
        (data_of(kept, "mask_looks")["found"], data_of(computed, "mask_looks")["found"]),
    ):
        assert [card["candidates"] for card in one.pop("cards")] == [
            [
                [i, token, pytest.approx(p, rel=float32.PROBABILITY), None]
                for i, token, p, _ in card["candidates"]
            ]
            for card in other.pop("cards")
        ]
        assert one == other


def test_the_server_computes_nothing_where_the_browser_does(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE, mlm_look="nothing")
    monkeypatch.setattr("components.lessons.bert.masking.mlm_changes", None)
    at.session_state["_mlm_browser"] = at.session_state["bert_model"]
    at.session_state["mlm_text"] = "A text that nobody has computed."
    at.run()
    assert not at.exception
    assert not at.error
    assert data_of(at, "mask_lab")["cards"] is None
    at.session_state["_mlm_browser"] = "nano-bert"  # of another model the browser knows nothing
    at.run()
    assert at.exception or at.error
