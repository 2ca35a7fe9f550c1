"""Next sentence, or not: through app.py, from links, in both languages."""

from pathlib import Path

import pytest

from components.lessons import recorded
from components.lessons.bert.next_sentence import scene
from tests import float32
from tests.pages.conftest import Open, data_of, modules_after

PAGE = "bert/next_sentence"
LISTED = f'lesson("{PAGE}"' in (Path(__file__).parents[3] / "app.py").read_text(encoding="utf-8")
listed = pytest.mark.skipif(not LISTED, reason="the page is listed once pocket-bert is bundled")


def test_the_scenes_have_the_same_shape() -> None:
    one, other = scene("en"), scene("ko")
    assert len(one["lines"]) == len(other["lines"]) >= 11  # ten different first lines
    assert len({who for who, _ in one["lines"]}) == len({who for who, _ in other["lines"]}) == 3
    assert len(one["elsewhere"]) == len(other["elsewhere"])
    assert one["probe"].keys() == other["probe"].keys()


@listed
def test_ten_rounds(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang), "next_rounds")
    lines = [text for _, text in scene(lang)["lines"]]  # each language has its scene and its model
    assert len(data["pairs"]) == 10
    for pair in data["pairs"]:
        follows = pair["second"] in lines and lines.index(pair["second"]) == lines.index(pair["first"]) + 1
        assert pair["is_next"] == follows
        assert 0 < pair["p"] < 1


@listed
def test_a_link_opens_votes(open_page: Open) -> None:
    data = data_of(open_page(PAGE, votes="1.0.1", round="2", elsewhere="same_text"), "next_rounds")
    assert (data["state"]["votes"], data["state"]["round"]) == ([1, 0, 1], 2)
    assert not any(pair["other"] for pair in data["pairs"])


@listed
def test_the_probe_names_the_classes(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, nsp_part="probe", nsp_second="<b>bold</b>")
    data = data_of(at, "next_probe")
    assert {"IsNext", "NotNext"} & set(
        data["words"]
    ) == set()  # the element names them; the browser test reads them
    assert (
        data["found"][0]["second"] == "<b>bold</b>"
    )  # as text: the browser test looks at what becomes of it
    assert "<b>bold</b>" not in " ".join(block.proto.body for block in at.get("html"))


@listed
def test_the_scene_notices_the_topic_only(open_page: Open) -> None:
    """The sentences of the first view show what the text beside them says of the task."""
    found = data_of(open_page(PAGE, nsp_part="probe"), "next_probe")["found"]
    assert [one["case"] for one in found if one["is_next"] <= 0.5] == ["another_topic"]
    assert len(found) == 6


@listed
@pytest.mark.parametrize("text", ["word", "안녕하세요", "a word " * 280])
def test_odd_sentences(open_page: Open, text: str) -> None:
    open_page(PAGE, nsp_part="probe", nsp_first=text, nsp_second=text)


@listed
def test_a_model_without_the_head_is_refused_in_words(open_page: Open) -> None:
    at = open_page(PAGE, bert_model="pocket-gpt")
    assert any("pocket-gpt" in warning.value for warning in at.warning)
    assert data_of(at, "next_rounds")["pairs"]


@listed
def test_first_view_needs_no_torch() -> None:
    assert modules_after(PAGE, "next_rounds") == []


@listed
@pytest.mark.parametrize("elsewhere", ["another_text", "same_text"])
def test_kept_verdicts_are_the_models(
    open_page: Open, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = data_of(open_page(PAGE, elsewhere=elsewhere, nsp_seed="8"), "next_rounds")["pairs"]
    monkeypatch.setattr(recorded, "trace_file", lambda name: None)
    computed = data_of(open_page(PAGE, elsewhere=elsewhere, nsp_seed="8"), "next_rounds")["pairs"]
    assert [pair["p"] for pair in kept] == pytest.approx([pair["p"] for pair in computed], abs=float32.SHARE)


@listed
def test_own_sentences_are_not_judged_by_prepared_words(open_page: Open, lang: str) -> None:
    """With own A and B the prepared paraphrase says another sentence differently, and nobody knows what follows."""
    at = open_page(
        PAGE, lang=lang, nsp_part="probe", nsp_first="The dog was hungry.", nsp_second="It ate it all."
    )
    found = data_of(at, "next_probe")["found"]
    assert [one["known"] for one in found] == [False, False, False, False, True]
    prepared = data_of(open_page(PAGE, lang=lang, nsp_part="probe"), "next_probe")["found"]
    assert [one["known"] for one in prepared] == [True] * 6


@listed
def test_the_fields_hold_the_sentences(open_page: Open) -> None:
    at = open_page(PAGE, nsp_part="probe")
    assert data_of(at, "page_fields")["state"] == {
        f"nsp_{key}": scene("en")["probe"][key] for key in ("first", "second", "another_topic", "paraphrase")
    }


@listed
def test_the_server_computes_nothing_where_the_browser_does(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE, nsp_part="probe")
    monkeypatch.setattr("components.lessons.bert.next_sentence.load_model", None)
    at.session_state["_nsp_browser"] = "pocket-bert"
    at.session_state["nsp_second"] = "A sentence that nobody has judged."
    at.run()
    assert not at.exception
    assert data_of(at, "next_probe")["found"] is None
    at.session_state["_nsp_browser"] = "nano-bert"  # of another model the browser knows nothing
    at.run()
    assert at.exception or at.error
