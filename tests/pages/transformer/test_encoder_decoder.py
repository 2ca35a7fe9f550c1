"""Encoder and decoder: from links, in both languages, with the bundled model."""

import unicodedata

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.transformer import encoder_decoder as page
from components.lessons.transformer.variant_groups import variants
from components.lm import checkpoints
from components.lm.transformer.text_to_text import MODEL, decode
from tests import float32
from tests.pages.conftest import APP, Open, data_of, modules_after, on_page, said

NAME = "transformer/encoder_decoder"


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang)
    assert on_page(at, "encoder_decoder")
    assert "14 march 2021" in said(at)
    assert MODEL in said(at)


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "encoder_decoder") == []


def test_the_first_view_is_what_is_computed() -> None:
    """``python assets/traces/make.py transformer/encoder_decoder`` makes it again after the model was replaced."""
    loaded = checkpoints.load(MODEL, "text_to_text")
    known = page.first_view(MODEL, loaded.card.revision, page.TASK, page.TEXT)
    assert known is not None
    found = decode(loaded, page.TASK, page.TEXT)
    assert (known.source, known.written) == (found.source, found.written)
    for name in ("encoder", "decoder", "cross"):
        assert np.abs(getattr(known, name) - getattr(found, name)).max() < float32.WEIGHT
    assert page.first_view(MODEL, "sha256:other", page.TASK, page.TEXT) is None


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(NAME, lang=lang), "predict_first")
    assert asked["options"][asked["answer"]] == "3월"


@pytest.mark.parametrize(
    ("task", "text", "written"),
    [
        ("iso", "the 1st of august 1999", "1999-08-01"),
        ("kor", "  March 14,  2021 ", "2021년 3월 14일"),
        ("iso", unicodedata.normalize("NFD", "2021년 3월 14일"), "2021-03-14"),
        ("num", "칠천삼백이십일", "7321"),
        ("say", "7,321", "seven thousand three hundred twenty-one"),
    ],
)
def test_right_answers(open_page: Open, lang: str, task: str, text: str, written: str) -> None:
    at = open_page(NAME, lang=lang, t2t_task=task, t2t_text=text)
    assert f'<span class="gb-mono">{written}</span>' in said(at)
    assert ("That is right" if lang == "en" else "맞았어요") in said(at)


def test_a_filled_gap(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, t2t_task="fill", t2t_text="14 <X> 2021 = 2021년 3월 14일")
    assert "14 march 2021 = 2021년 3월 14일" in said(at)


@pytest.mark.parametrize(
    "text",
    [
        "32 march 2021",
        "hello",
        "",
        "안녕하세요",
        "👨‍👩‍👧",
        "שלום",
        "<script>alert(1)</script>",
        "29 february 2021",
    ],
)
def test_what_it_never_learned_is_answered_and_said(open_page: Open, text: str) -> None:
    at = open_page(NAME, t2t_task="iso", t2t_text=text)
    assert "there is no right answer" in said(at)
    assert "<script>" not in said(at)


def test_other_kinds_and_far_dates_are_named(open_page: Open) -> None:
    assert "the other kind of value" in said(open_page(NAME, t2t_task="say", t2t_text="14 march 2021"))
    assert "were never in training" in said(open_page(NAME, t2t_task="iso", t2t_text="3 may 1890"))
    assert "cannot be known" in said(open_page(NAME, t2t_task="fill", t2t_text="<X> = <Y>"))


def test_a_text_that_is_too_long_is_refused_in_words_and_the_last_one_stays(lang: str) -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": lang})
    at.run()
    at.query_params.update({"t2t_text": "1" * 20_000, "t2t_task": "iso"})
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    assert "96" in at.error[0].value
    assert on_page(at, "encoder_decoder")
    assert "14 march 2021" in said(at)


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(
        NAME,
        lang=lang,
        t2t_task="say",
        t2t_text="7321",
        beams="4",
        symbol="7",
        stop="6",
        t2t_layer="0",
        t2t_head="2",
    )
    state = at.session_state
    assert (state["symbol"], state["stop"], state["t2t_layer"], state["t2t_head"], state["beams"]) == (
        7,
        6,
        0,
        2,
        4,
    )
    assert ("beam search, 4 beams" if lang == "en" else "빔 4개") in said(at)


def test_values_out_of_range_are_clamped(open_page: Open) -> None:
    at = open_page(NAME, beams="99", stop="-4", t2t_task="deu", removed="encoder", symbol="999")
    state = at.session_state
    assert (state["beams"], state["stop"], state["t2t_task"], state["removed"]) == (
        page.MOST_BEAMS,
        0,
        "eng",
        "none",
    )


def test_without_cross_attention_the_text_does_not_matter(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, removed="cross")
    assert ("writes the same whatever you type" if lang == "en" else "무엇을 넣어도") in said(at)


@pytest.mark.parametrize("look", ["no_mask", "one_vector"])
def test_recorded_runs(open_page: Open, lang: str, look: str) -> None:
    at = open_page(NAME, lang=lang, t2t_look=look)
    shown = data_of(at, "variant_runs")
    variant = variants()["variants"][look]
    assert variant["trained"][:19] in shown["source"]
    lines = shown["charts"][-1]["lines"]
    assert all(0 <= share <= 1 for line in lines for _, share in line["points"])
    if look == "one_vector":
        shares = [group["exact"] for group in variant["by_length"]]
        assert shown["charts"][0]["groups"]["bars"][1]["shares"] == shares


def test_tables_hold_what_is_drawn() -> None:
    loaded = checkpoints.load(MODEL, "text_to_text")
    found = decode(loaded, "iso", "14 march 2021")
    rows = page.next_rows(found)
    assert [row["written"] for row in rows if row["rank"] == 1] == list(found.written)
    cross = page.cross_rows(found, 1)
    assert len(cross) == 5 * len(found.written) * len(found.source)  # four heads and their mean
    sums: dict[tuple[int, int], float] = {}
    for row in cross:
        sums[row["head"], row["step"]] = sums.get((row["head"], row["step"]), 0.0) + row["weight"]
    assert all(total == pytest.approx(1, abs=1e-4) for total in sums.values())
    assert page.cross_rows(decode(loaded, "iso", "14 march 2021", without="cross"), 1) == []
