"""Masking rates compared: through app.py, from links, in both languages."""

import csv
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.bert import masking_rates as rates_page
from components.lessons.bert.masking_rates_recorder import choose_seed
from components.lm.bert import masking_table
from components.lm.bert.masking_table import STUDY_FILE, published
from components.words import t
from tests.pages.conftest import Open, data_of

PAGE = "bert/masking_rates"


def body(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.get("html"))


def test_first_view_is_the_table(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang), "recipe_board")
    assert [tuple(row["scores"]) for row in data["rows"]] == [row.scores for row in published()]
    assert data["row"] == 0


def test_a_link_opens_a_recipe(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, recipe="1", rates_sentence="all of these words", apply_rate="1", rates_look="table"
    )
    assert data_of(at, "recipe_board")["row"] == 1
    assert body(at).count("<b>[MASK]</b>") == 4
    assert "colspan" in body(at)


def test_odd_links(open_page: Open) -> None:
    at = open_page(PAGE, recipe="99", apply_rate="nan", rates_look="nowhere")
    assert data_of(at, "recipe_board")["row"] == 5
    assert at.session_state["apply_rate"] == 0.15
    assert at.session_state["rates_look"] == rates_page.first_look()


@pytest.mark.parametrize(
    "sentence", ["", "one", "안녕하세요 여러분", "<script>alert(1)</script>", "word " * 390]
)
def test_odd_sentences(open_page: Open, sentence: str) -> None:
    at = open_page(PAGE, rates_sentence=sentence, recipe="5", apply_rate="1")
    assert "<script>" not in body(at)


def test_another_throw_is_another_draw_and_the_same_link_the_same(open_page: Open) -> None:
    first = body(open_page(PAGE, rates_seed="11", apply_rate="0.5"))
    at = open_page(PAGE, rates_seed="11", apply_rate="0.5")
    assert body(at) == first
    next(button for button in at.button if button.key == "rates_throw").click().run()
    assert at.session_state["rates_seed"] == 12
    assert body(at) != first


HEAD = "group,mlm_probability,mask_replace_prob,same_prob,random_replace_prob,seed,status,tokens,ner_feature_f1,clean_accuracy,settings\n"
BERT = "split,0.15,0.8,0.1,0.1"


def write_study(monkeypatch: pytest.MonkeyPatch, folder: Path, *lines: str) -> None:
    (folder / STUDY_FILE).write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    monkeypatch.setattr(masking_table, "FACTS", folder)


def test_our_study_says_what_can_be_told(
    open_page: Open, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(
        monkeypatch,
        tmp_path,
        f"{BERT},0,measured,1000,0.50,0.60,small",
        f"{BERT},1,measured,1000,0.52,0.61,small",
        "split,0.15,1.0,0.0,0.0,0,measured,1000,0.40,0.61,small",
        "split,0.15,1.0,0.0,0.0,1,measured,1000,0.42,0.60,small",
        "split,0.15,0.0,0.0,1.0,0,measured,1000,0.45,0.60,small",
        "split,0.15,0.0,0.0,1.0,1,not run,,,,",
        "split,0.15,0.8,0.2,0.0,0,not run,,,,",
        "rate,0.4,0.8,0.1,0.1,0,measured,1000,0.45,0.60,small",
    )
    at = open_page(PAGE, lang=lang, rates_look="study")
    board = data_of(at, "study_board")
    assert board["rows"] == ["80/10/10", "100/0/0", "80/20/0", "0/0/100"]  # as the paper orders them
    ner, nsp = board["panels"]
    assert [cell["verdict"] for cell in ner["cells"]] == ["reference", "lower", "not_run", "one_seed"]
    assert [cell["verdict"] for cell in nsp["cells"]] == ["reference", "same", "not_run", "one_seed"]
    assert ner["cells"][1]["paper"] == -0.9
    assert ner["cells"][1]["difference"] == pytest.approx(-10)
    assert nsp["cells"][1]["paper"] is None
    said = [block.value for block in at.markdown]
    one, absent = (next(line for line in said if line.startswith(begin)) for begin in BEGINNINGS[lang])
    assert "0/0/100" in one
    assert "80/20/0" in absent
    rates = data_of(open_page(PAGE, lang=lang, rates_look="study", study_group="rate"), "study_board")
    assert rates["rows"] == ["15%", "40%"]


BEGINNINGS = {"en": ("One seed only", "Not run"), "ko": ("시드가 하나뿐", "재지 않은")}


def test_a_study_of_one_seed_claims_nothing(
    open_page: Open, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(
        monkeypatch,
        tmp_path,
        f"{BERT},0,measured,1000,0.50,0.60,small",
        "split,0.15,1.0,0.0,0.0,0,measured,1000,0.40,0.61,small",
    )
    at = open_page(PAGE, lang=lang)
    assert at.session_state["rates_look"] == "study"  # where there is a study, it is open
    panels = data_of(at, "study_board")["panels"]
    assert {cell["verdict"] for panel in panels for cell in panel["cells"]} == {"reference", "one_seed"}
    assert all(cell["noise"] is None for panel in panels for cell in panel["cells"])
    assert {"en": "with one seed only", "ko": "시드 하나로만"}[lang] in body(at)
    other = open_page(PAGE, lang=lang, rates_look="study", study_group="rate")
    assert other.info  # one rate alone is no comparison


def test_the_settings_of_the_study_are_those_that_were_run() -> None:
    """They stand in both languages, so the words are held to what the runs recorded."""
    with (masking_table.FACTS / STUDY_FILE).open(encoding="utf-8", newline="") as file:
        assert {row["settings"] for row in csv.DictReader(file)} == {t("rates", "study_settings")}


def test_korean_begins_with_korean_words_and_all_three_cases(open_page: Open) -> None:
    begins = rates_page.korean()
    assert choose_seed(begins["rates_sentence"], rates_page.other_words(begins["rates_sentence"])) == begins["rates_seed"]  # fmt: skip
    at = open_page(PAGE, lang="ko")
    shown = body(at)
    assert all(f"</b> <b>{word}</b>" in shown for word in ("[MASK]", "상자는", "내리는"))
    at.session_state["rates_look"] = "live"
    at.run()
    assert not at.exception
    assert "pocket-bert-ko" in " ".join(block.value for block in at.markdown)
    assert not any(
        'class="gb-note"' in block.proto.body for block in at.get("html")
    )  # it reads what it is given
