"""BPE, merge by merge: through app.py, from a link, in both languages."""

import json
import struct
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.tokens import word_training
from components.shell import background
from tests.pages.conftest import Open, on_page, said, widget

PAGE = "tokens/bpe"
COURSE = ["es", "est", "lo", "low", "ne", "new", "newest", "wi", "wid", "widest"]


def board(at: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the board was given: what the page says, and the head of the run."""
    for block in at.get("bidi_component"):
        if block.proto.component_name == "glassbox.bpe_board":
            data = block.proto.bytes
            (first,) = struct.unpack_from("<I", data)
            (second,) = struct.unpack_from("<I", data, 4 + first)
            return json.loads(data[4 : 4 + first]), json.loads(data[8 + first : 8 + first + second])
    raise AssertionError("no board on the page")


def merged(at: AppTest) -> list[str]:
    _, head = board(at)
    symbols: list[str] = head["symbols"]
    return symbols[len(head["alphabet"]) :]


def told(at: AppTest) -> str:
    return " ".join(warning.value for warning in at.warning)


def test_the_course_is_the_first_view(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, bpe_source="table"
    )  # Korean begins with the Korean story: test_korean_start.py
    meta, head = board(at)
    assert merged(at) == COURSE
    assert (meta["step"], meta["predict"], meta["runs"]) == (0, False, [])
    assert (head["num_words"], head["running_words"], len(head["alphabet"])) == (4, 16, 10)
    assert "BPE" in " ".join(block.proto.body for block in at.get("html"))


def test_a_link_opens_its_state(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE,
        lang=lang,
        bpe_words='[["aaa",2],["ab",1]]',
        num_merges="2",
        tie_rule="largest",
        end_of_word="1",
        bpe_step="1",
        predict="1",
    )
    meta, head = board(at)
    assert (meta["step"], meta["predict"]) == (1, True)
    assert (head["rule"], head["mark"], head["asked"]) == ("largest", "</w>", 2)
    assert set(head["symbols"]) >= {"a", "b", "</w>"}


@pytest.mark.parametrize("source", word_training.SAMPLES)
def test_every_sample_trains(open_page: Open, source: str) -> None:
    at = open_page(PAGE, bpe_source=source, num_merges="30")
    assert len(merged(at)) == 30


def test_a_fork_keeps_both_runs(open_page: Open) -> None:
    at = open_page(PAGE, runs='[[],[[5,"w","est"]]]', run="1", bpe_step="5")
    meta, _ = board(at)
    assert merged(at)[4] == "west"
    assert [run["merged"][4] for run in meta["runs"]] == ["ne", "west"]
    assert [run["merged"][:4] for run in meta["runs"]] == [COURSE[:4]] * 2


def test_choosing_waits_at_the_first_tie(open_page: Open) -> None:
    _, head = board(open_page(PAGE, tie_rule="choose"))
    assert head["stop_reason"] == "choice_needed"
    at = open_page(PAGE, tie_rule="choose", runs='[[[1,"s","t"]]]')
    assert merged(at)[:2] == ["st", "est"]


@pytest.mark.parametrize("pick", ['1,"l","o"', '3,"x","y"', '1,"<b>",""'])
def test_a_pick_that_was_never_tied_is_left_out_and_told(open_page: Open, lang: str, pick: str) -> None:
    at = open_page(PAGE, lang=lang, runs=f"[[],[[{pick}]]]", run="1")
    assert merged(at) == COURSE
    assert told(at)


@pytest.mark.parametrize("words", [r'[["\ud83d",1]]', "low", "[" * 900])
def test_a_table_that_cannot_be_read_is_the_course_and_told(open_page: Open, words: str) -> None:
    at = open_page(PAGE, bpe_words=words)
    assert merged(at) == COURSE
    assert "The link asked for Word table" in " ".join(block.proto.body for block in at.get("html"))


@pytest.mark.parametrize(
    "runs", ["[]", "7", '"x"', "[[[]]]", "[[[true,1,2]]]", "[" * 50 + "]" * 50, '[{"a":1}]']
)
def test_runs_that_are_none_are_the_course(open_page: Open, runs: str) -> None:
    assert merged(open_page(PAGE, runs=runs, run="3")) == COURSE


@pytest.mark.parametrize(
    "words",
    [
        "[]",
        "[[]]",
        '"low"',
        '[["low",0]]',
        '[["low",-3]]',
        '[["low",null]]',
        '[["",3]]',
        '[["low",2],["low",3]]',
        '[["low","many"]]',
        '[["lo w",2]]',
        "[[1,2,3]]",
        '[["low",1.5]]',
        '[["low",1e12]]',
    ],
)
def test_a_bad_table_is_told_and_the_frame_stays(open_page: Open, lang: str, words: str) -> None:
    at = open_page(PAGE, lang=lang, bpe_words=words)
    assert told(at)
    assert "$" not in told(at)
    assert not at.exception


@pytest.mark.parametrize(
    "words",
    [
        '[["a",1]]',
        '[["안녕",3],["안녕하세요",2],["lowest",1]]',
        '[["👩‍👩‍👦",2],["e\u0301e\u0301",3]]',
        '[["aaaaaaaa",1000000000]]',
        '[["' + "a" * 200 + '",1]]',
    ],
)
def test_odd_words_are_answered(open_page: Open, words: str) -> None:
    at = open_page(PAGE, bpe_words=words, num_merges="50")
    board(at)
    assert not told(at)


def test_a_step_beyond_the_end_is_the_end(open_page: Open) -> None:
    at = open_page(PAGE, bpe_step="500")
    assert at.session_state["bpe_step"] == 10


def test_the_state_survives_a_change_of_language(open_page: Open) -> None:
    at = open_page(PAGE, bpe_words='[["abab",2]]', bpe_step="1", end_of_word="1")
    at.session_state["lang"] = "ko"
    at.run()
    meta, head = board(at)
    assert at.session_state["bpe_step"] == 1
    assert (meta["step"], head["mark"]) == (1, "</w>")
    assert meta["words"]["predict"] == "먼저 맞혀 보기"


def test_two_hundred_kilobytes_of_one_letter(open_page: Open) -> None:
    at = open_page(PAGE)
    at.session_state["bpe_text"] = "a" * 200_000
    at.session_state["bpe_source"] = "text"
    at.run(timeout=60)
    assert not at.exception
    for _ in range(100):  # while it trains, the page shows progress
        if on_page(at, "bpe_board"):
            break
        at.run(timeout=60)
    assert merged(at)[0] == "aa"


def test_control_characters_of_a_text_are_left_out_and_told(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, bpe_source="text", bpe_text="lo\x07w lo\x1bw low \u200d 안녕 привет")
    assert "2" in " ".join(caption.value for caption in at.caption)
    assert "low" in merged(at)


def test_long_training_shows_progress_and_a_way_to_stop(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE)
    monkeypatch.setattr(word_training, "PATIENCE", 0.0)
    monkeypatch.setattr(background.Work, "run", lambda work, turn: None)
    at.session_state["bpe_words"] = [["neverdone", 7]]
    at.run()
    assert not at.exception
    at.button(key="bpe_stop").click().run()
    assert not at.exception


def test_a_stopped_training_returns_what_it_has(open_page: Open) -> None:
    work = background.Work(lambda work: "part" if work.should_stop() else "whole")
    work.stop()
    import threading

    work.run(threading.Semaphore(1))
    assert work.result() == "part"


def test_the_next_page_gets_the_same_words(open_page: Open) -> None:
    at = open_page(PAGE, bpe_words='[["abab",2]]')
    at.switch_page("pages/start/home.py").run()
    at.switch_page("pages/tokens/bpe.py").run()
    assert at.session_state["bpe_words"] == [["abab", 2]]


@pytest.mark.parametrize("page", [PAGE, "tokens/encode", "tokens/wordpiece"])
def test_a_text_that_is_not_there_yet_is_asked_for(open_page: Open, page: str) -> None:
    at = open_page(page)
    widget(at, "bpe_source").set_value("text").run()
    assert (
        at.session_state["bpe_source"] == "table"
    )  # the picture and its caption stay those of the words before
    assert not at.warning
    assert any(area.key == "bpe_typed" for area in at.text_area)


def test_fewer_merges_than_asked_for_are_said_at_once(open_page: Open) -> None:
    at = open_page("tokens/bpe", num_merges="2000")
    assert "2,000 merges were asked for and 12 were made" in said(at)
    assert "merges were asked for" not in said(open_page("tokens/bpe"))
