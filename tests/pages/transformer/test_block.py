"""One block from inside: from links, in both languages, with the bundled models."""

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.known_language import has_hangul
from components.lessons.transformer import block as page
from components.lessons.transformer.block_recorder import choose_beginning
from components.lm import checkpoints
from tests import float32
from tests.lm.families import Families
from tests.pages.conftest import APP, Open, data_of, modules_after, on_page, said

NAME = "transformer/block"
OWN = {
    "en": (page.MODEL, page.TEXT, page.TOKEN),
    "ko": (page.KOREAN_GPT, page.KOREAN["block_text"], page.KOREAN["block_token"]),
}
"""Model, text and token that the page begins with."""


def header_of(at: AppTest, element: str = "block_flow") -> dict[str, Any]:
    """The header of what an element was given."""
    block = next(b for b in at.get("bidi_component") if b.proto.component_name == f"glassbox.{element}")
    size = int.from_bytes(block.proto.bytes[:4], "little")
    header: dict[str, Any] = json.loads(block.proto.bytes[4 : 4 + size])
    return header


def test_opens(open_page: Open, lang: str) -> None:
    header = header_of(open_page(NAME, lang=lang))
    model, text, token = OWN[lang]
    assert header["found"]["text"] == text
    assert header["files"]["folder"].startswith(f"glassbox.{model}-")
    assert (header["state"]["block_token"], len(header["found"]["tokens"])) == (token, token + 1)


def test_only_the_neurons_that_are_drawn_are_sent() -> None:
    known = page.first_view(page.MODEL, checkpoints.card(page.MODEL).revision, page.TEXT, page.LAYER)
    assert known is not None
    neurons = [known.inside.strongest(token) for token in range(len(known.tokens))]
    sent = page._of_neurons(known.inside.active, neurons)
    assert [set(np.flatnonzero(row)) for row in sent] == [set(row) for row in neurons]
    for row, own, chosen in zip(sent, known.inside.active, neurons, strict=True):
        np.testing.assert_array_equal(row[chosen], own[chosen])


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "block_flow") == []


def test_the_first_view_is_what_is_computed(lang: str) -> None:
    """``python assets/traces/make.py transformer/block`` makes it again after the model was replaced."""
    model, text, _ = OWN[lang]
    card = checkpoints.card(model)
    known = page.first_view(model, card.revision, text, page.LAYER)
    assert known is not None
    found = page.complete(model, page.compute(model, text, page.LAYER))
    assert known.lens is not None
    assert found.lens is not None
    scale = np.abs(found.inside.states).max()
    np.testing.assert_allclose(known.inside.states, found.inside.states, atol=float32.STREAM * scale)
    np.testing.assert_array_equal(known.lens.guesses[:, :, 0], found.lens.guesses[:, :, 0])
    assert (known.tokens, known.pushes, known.gated) == (found.tokens, found.pushes, found.gated)
    assert page.first_view(model, "sha256:other", text, page.LAYER) is None


def test_the_korean_beginning_is_chosen_by_its_rule() -> None:
    """Other weights may need another: set KOREAN to what ``choose_beginning`` returns, and the number of its last token."""
    assert choose_beginning() == page.KOREAN["block_text"]


def test_the_first_block_makes_the_vector_very_long(lang: str) -> None:
    """What a prepared state and the text below the picture say of both bundled GPTs: hundreds of times the embedding."""
    model, text, token = OWN[lang]
    known = page.first_view(model, checkpoints.card(model).revision, text, page.LAYER)
    assert known is not None
    before, after = np.linalg.norm(known.inside.streams[:2, token], axis=-1)
    assert after > 100 * before


def test_what_to_try_is_in_the_language_of_the_model() -> None:
    for _, state in page.prepared(checkpoints.card(page.KOREAN_GPT)):
        assert has_hangul(state.get("block_text", "가"))
    texts = [page.BERT_TEXT, page.KOREAN_BERT_TEXT]
    for name, text in zip(("pocket-bert", page.KOREAN_BERT), texts, strict=True):
        state = page.prepared(checkpoints.card(name))[0][1]
        assert (state["attention_model"], state["block_text"]) == (name, text)
        tokens = page.compute(name, text, 5).tokens
        assert tokens[state["block_token"]] == "[MASK]"


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(NAME, lang=lang), "predict_first")
    model, text, token = OWN[lang]
    assert model in asked["question"]
    found = page.complete(model, page.compute(model, text, page.LAYER))
    assert found.lens is not None
    ranks = found.lens.ranks[:, token, 0]
    assert ranks[asked["answer"] + 1] == 1
    assert (ranks[: asked["answer"] + 1] > 1).all()


def test_bert_is_opened_too(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, attention_model="pocket-bert", block_text=page.BERT_TEXT, block_layer="5")
    assert header_of(at)["found"]["wiring"] == "post"


@pytest.mark.parametrize("taken", ["attention", "feed_forward", "residual"])
def test_what_is_taken_out_is_said(open_page: Open, lang: str, taken: str) -> None:
    found = header_of(open_page(NAME, lang=lang, block_taken=taken))["found"]
    assert (found["taken"], found["changed"], found["finite"]) == (taken, True, True)
    assert all(abs(sum(p for _, p, _ in row) - sum(q for _, _, q in row)) > 0 for row in found["guesses"])


def test_numbers_that_overflow_are_said(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, block_taken="norm", block_look="blocks")
    header = header_of(at)
    assert (header["found"]["finite"], header["found"]["guesses"]) == (False, [])
    assert header_of(at, "layer_lanes")["overflow"]
    assert header["words"]["page"]["overflow"]


def test_neurons_off_in_a_link(open_page: Open) -> None:
    assert header_of(open_page(NAME, block_off="252.599"))["found"]["off"] == [252, 599]


def test_words_of_neurons_are_computed_for_the_chosen_token_alone(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight columns through the output table for what is seen, and none a second time."""
    asked: list[int] = []
    words_of = page._words_of
    monkeypatch.setattr(
        page, "_words_of", lambda name, layer, some: (asked.extend(some), words_of(name, layer, some))[1]
    )
    page._pushes.clear()
    text = "The old king lost his crown in the deep forest"
    found = header_of(
        open_page(NAME, block_text=text, block_token="3", attention_model="nano-gpt", block_layer="1")
    )["found"]
    assert sorted(asked) == sorted(found["neurons"][3])
    assert {int(n) for n in found["pushes"]} == set(asked)
    open_page(
        NAME, block_text=text, block_token="3", attention_model="nano-gpt", block_layer="1", block_step="2"
    )
    assert len(asked) == 8


def test_nothing_is_computed_here_where_the_browser_does(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(NAME, block_look="blocks")
    monkeypatch.setattr(page, "shown", lambda card: pytest.fail("computed"))
    at.session_state["_block_browser"] = page.MODEL
    at.session_state["_block_read"] = page._read([page.TEXT, "pre", 4, 7, [1.0, 2.0]])
    at.run()
    assert not at.exception
    assert header_of(at)["found"] is None
    assert header_of(at, "layer_lanes")["found"] is None
    assert page._read(["x", "pre", "y"]) is None


def test_all_blocks(open_page: Open, lang: str) -> None:
    assert on_page(open_page(NAME, lang=lang, block_look="blocks"), "layer_lanes")


def test_values_out_of_range_are_clamped(open_page: Open) -> None:
    at = open_page(
        NAME, block_layer="99", block_step="44", block_taken="all", block_token="60", block_off="9999999999"
    )
    assert at.session_state["block_layer"] == 5
    assert at.session_state["block_taken"] == "none"


@pytest.mark.parametrize(
    "text", ["안녕하세요", "👨‍👩‍👧", "שלום", "<script>alert(1)</script>", "word " * 300, ""]
)
def test_odd_texts(open_page: Open, text: str) -> None:
    at = open_page(NAME, block_text=text)
    assert on_page(at, "block_flow")
    assert "<script>" not in said(at)


def test_another_wiring_is_refused_in_words(families: Families) -> None:
    from streamlit.testing.v1 import AppTest

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update({"attention_model": checkpoints.add_local_folder(families.folder("gpt-neo"))})
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    assert "cannot be opened here" in at.error[0].value


def test_tables_hold_what_is_drawn() -> None:
    known = page.compute("nano-gpt", "The fox sat", 1)
    now = page.Shown(checkpoints.card("nano-gpt"), "The fox sat", known, known, "none", ())
    lengths = [row["length"] for row in page.part_rows(now) if row["position"] == 0]
    assert lengths[0] == pytest.approx(np.linalg.norm(known.inside.states[0, 0]), rel=1e-5)
    assert len(page.neuron_rows(now)) == 8 * len(known.tokens)
    assert len(page.lens_rows(now)) == 5 * 5 * len(known.tokens)
    assert all(p == pytest.approx(q) for row in page.guesses(now) for _, p, q in row)


def test_the_parts_add_up_to_the_models_own(open_page: Open, lang: str) -> None:
    for name, text, layer in ((page.MODEL, page.TEXT, page.LAYER), ("nano-bert", page.BERT_TEXT, 1)):
        off, largest = page.difference(page.compute(name, text, layer))
        assert off < 1e-5 * max(largest, 1)
    off, largest = page.difference(page.compute(*OWN[lang][:2], page.LAYER))
    assert header_of(open_page(NAME, lang=lang))["found"]["difference"][1] == pytest.approx(largest, rel=1e-4)


def test_gradients_by_depth(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, block_look="norms", norm_seed="3")
    data = data_of(at, "norm_depth")
    assert [(one["layers"], one["wiring"]) for one in data["gradients"]] == [
        (n, wiring) for n in (6, 12, 24, 48) for wiring in ("post", "pre")
    ]
    assert all(len(one["query"]) == one["layers"] for one in data["gradients"])
    assert "3" in data["source"]


def test_what_the_page_says_of_training_is_what_was_recorded(open_page: Open, lang: str) -> None:
    """Nine curves; pre-LN leaves the level of word frequencies at every depth, post-LN at six blocks only."""
    data = data_of(open_page(NAME, lang=lang, block_look="norms"), "norm_depth")
    left = {
        (curve["layers"], curve["wiring"], curve["warmup"] > 0): curve["loss"][-1] < data["unigram"] - 0.5
        for curve in data["curves"]
    }
    assert len(left) == 9
    assert {key for key, yes in left.items() if yes} == {
        *((n, "pre", False) for n in (6, 12, 24)),
        *((6, "post", warm) for warm in (False, True)),
    }
    assert all(len(curve["loss"]) * data["every"] == 600 for curve in data["curves"])
    assert (
        "pre-LN 6, 12, 24; post-LN 6;" in data["found"] or "pre-LN: 6, 12, 24. post-LN: 6." in data["found"]
    )


def test_own_words_are_followed(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, block_look="blocks", block_words="tree unbelievable bird boy")
    header = header_of(at, "layer_lanes")
    found = header["found"]
    assert found["own"][::2] == [" tree", " bird"]
    assert header["arrays"]["own_ranks"][-1] == 3
    assert "unbelievable" not in found["own"][1]
    assert found["cut"] == [found["own"][1]]  # only its first piece is followed, and the page says so
    assert header_of(open_page(NAME, lang=lang, block_look="blocks"), "layer_lanes")["found"]["own"] == []


def test_a_prepared_state_keeps_the_language_of_the_model(open_page: Open) -> None:
    at = open_page("transformer/block", lang="ko")
    model = at.session_state["attention_model"]
    states = [state for _, state in page.prepared(checkpoints.card(model))]
    assert len(data_of(at, "prepared")["states"]) == len(states)
    assert states[3]["block_look"] == "norms"
    assert {state["attention_model"] for state in states} == {model, "pocket-bert-ko"}
