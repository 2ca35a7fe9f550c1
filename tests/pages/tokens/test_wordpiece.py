"""WordPiece and Unigram: through app.py, from a link, in both languages."""

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.tokens import word_training
from components.shell import background
from tests.pages.conftest import APP, Open, data_of, on_page, widget

PAGE = "tokens/wordpiece"


def told(at: AppTest) -> str:
    return " ".join(warning.value for warning in at.warning)


def shown(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.get("html"))


def test_the_first_view_is_three_referees_at_one_board(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, wp_part="race")  # bare, Korean begins with the Korean story
    data = data_of(at, "referee_board")
    first = [lane["moments"][0] for lane in data["lanes"]]
    assert first[0]["winners"] == [["e", "s"], ["i", "d"], ["s", "t"]]
    cuts = [[word[:4] for word in moment["words"]] for moment in first]
    assert cuts[0] == cuts[1] == cuts[2]
    assert [lane["merged"][-1] for lane in data["lanes"]] == ["widest", "newe", "widest"]
    assert (data["step"], data["referee"]) == (0, "score")
    assert "WordPieceTrainer" in shown(at)


def test_a_link_opens_the_race(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, wp_symbols="continuation", wp_referee="gain", wp_step="3", wp_word="newer"
    )
    data = data_of(at, "referee_board")
    assert (data["step"], data["referee"], data["probe"], data["marking"]) == (
        3,
        "gain",
        "newer",
        "continuation",
    )
    assert data["lanes"][2]["merged"][:3] == ["##st", "lo", "##est"]
    assert data["lanes"][2]["moments"][10]["probe"] == ["new", "##e", "##r"]


def test_a_link_opens_longest_match(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, wp_part="encoding", wp_text="lowest lowly", match_step="9")
    data = data_of(at, "match_board")
    assert [word["tokens"] for word in data["text_words"]] == [["low", "e", "st"], ["[UNK]"]]
    assert data["others"] == [["low", "est"], ["low", "l", "[UNK]"]]
    assert (data["step"], len(data["lookups"])) == (9, 14)


def test_a_link_opens_unigram(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, wp_part="unigram", uni_step="1")
    data = data_of(at, "unigram_board")
    assert data["step"] == 1
    assert [moment["kind"] for moment in data["moments"]] == ["seed", "em", *["pruned", "em"] * 3]
    assert data["moments"][-1]["best"][0] == ["low", "est"]
    assert sum(way[3] for way in data["moments"][1]["samples"]) == 200


def test_the_seed_draws_the_same(open_page: Open) -> None:
    draws = [
        data_of(open_page(PAGE, wp_part="unigram", uni_seed=seed), "unigram_board")["moments"][0]["samples"]
        for seed in ("5", "5", "6")
    ]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("part", ["race", "encoding", "unigram"])
@pytest.mark.parametrize(
    "words",
    [
        '[["low",0]]',
        '[["low",-3]]',
        '[["low",null]]',
        '[["low",2],["low",3]]',
        "[]",
        '[["lo w",2]]',
    ],
)
def test_a_bad_table_is_told(open_page: Open, part: str, words: str) -> None:
    at = open_page(PAGE, wp_part=part, bpe_words=words)
    assert told(at)
    assert "$" not in told(at)


@pytest.mark.parametrize("part", ["race", "encoding", "unigram"])
@pytest.mark.parametrize(
    "words",
    [
        '[["a",1]]',
        '[["안녕",3],["안녕하세요",2]]',
        '[["👩‍👩‍👦",2],["e\u0301e\u0301",3]]',
        '[["aaaaaaaa",1000000000]]',
    ],
)
def test_odd_words_are_answered(open_page: Open, part: str, words: str) -> None:
    at = open_page(PAGE, wp_part=part, bpe_words=words, wp_word="안녕", wp_text="안녕 👩‍👩‍👦 aaa")
    assert not told(at)


@pytest.mark.parametrize("text", ["", "   ", "\u0000", "a" * 150, "<img src=x onerror=alert(1)>"])
def test_odd_texts_are_answered(open_page: Open, text: str) -> None:
    at = open_page(PAGE, wp_part="encoding", wp_text=text, wp_word=text)
    data_of(at, "match_board")
    data_of(open_page(PAGE, wp_part="unigram", wp_word=text), "unigram_board")


def test_nonsense_in_the_link_falls_back(open_page: Open) -> None:
    at = open_page(PAGE, wp_part="x", wp_step="1e9", wp_vocab="no/such-model", uni_alpha="-3")
    assert at.session_state["wp_part"] == "race"
    assert at.session_state["wp_step"] == 10
    at = open_page(PAGE, wp_part="encoding", wp_vocab="no/such-model")
    assert at.session_state["wp_vocab"] == "run"


def test_the_state_survives_a_change_of_language(open_page: Open) -> None:
    at = open_page(PAGE, wp_part="unigram", uni_step="3", wp_word="newest")
    at.session_state["lang"] = "ko"
    at.run()
    data = data_of(at, "unigram_board")
    assert (data["step"], data["word"]) == (3, "newest")
    assert data["words"]["leaves"] == "없애요"


def test_samples_and_both_symbols(open_page: Open) -> None:
    for source in ("tale_en", "story_ko", "story_ko_jamo", "tongue_twister_ko"):
        at = open_page(PAGE, bpe_source=source, wp_merges="20", wp_symbols="continuation")
        assert len(data_of(at, "referee_board")["lanes"][1]["merged"]) == 20


def test_long_training_shows_progress_and_a_way_to_stop(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE)
    monkeypatch.setattr(word_training, "PATIENCE", 0.0)
    monkeypatch.setattr(background.Work, "run", lambda work, turn: None)
    at.session_state["bpe_words"] = [["neverever", 7]]
    at.run()
    assert not at.exception
    at.button(key="race_stop").click().run()
    assert not at.exception


def test_values_stand_whenever_the_browser_draws_them(open_page: Open) -> None:
    """The run that follows a training may overtake the first one on its way to the browser."""
    at = open_page(PAGE, wp_part="unigram", uni_size="20")
    at.run()
    assert widget(at, "uni_size").proto.default == 20
    assert widget(at, "wp_word").proto.default == "lowest"


def test_the_prepared_view_stands_where_found_pieces_are_thrown_away(open_page) -> None:
    from components.lessons.tokens import wordpiece as wp

    at = open_page("tokens/wordpiece", wp_part="encoding", wp_text=str(wp.WORD_LOST["wp_text"]))
    board = data_of(at, "match_board")
    number, step, tried = board["lookups"][int(str(wp.WORD_LOST["match_step"])) - 1]
    steps = board["text_words"][number]["steps"]
    assert steps[step]["piece"] is None
    assert tried == len(steps[step]["tried"]) - 1  # nothing is left to try
    assert any(one["piece"] is not None for one in steps[:step])  # and something had been found


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    """i d: 3 / (3 x 3), neither letter stands anywhere else."""
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert asked["options"][asked["answer"]] == "i d"
    assert "3 / (3 × 3) = 0.333" in asked["why"]


@pytest.mark.parametrize(("name", "board"), [("tokens/bpe", "bpe_board"), (PAGE, "referee_board")])
def test_a_page_that_is_run_for_a_file_waits_for_its_training(
    monkeypatch: pytest.MonkeyPatch, name: str, board: str
) -> None:
    """On a busy machine a file was written with the progress of the training in place of the picture."""
    monkeypatch.setattr(word_training, "PATIENCE", 0.0)
    word_training.trainings.clear()
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["lang"] = "ko"
    at.run()
    at.session_state[background.OUT_OF_SIGHT] = True
    at.switch_page(f"pages/{name}.py").run()
    assert not at.exception
    assert on_page(at, board)
