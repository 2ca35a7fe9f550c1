"""15%, then 80 / 10 / 10: through app.py, from links, in both languages."""

from pathlib import Path

import pytest

from components.lessons import recorded
from tests import float32
from tests.pages.conftest import Open, data_of, modules_after

PAGE = "bert/dice"
LISTED = f'lesson("{PAGE}"' in (Path(__file__).parents[3] / "app.py").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(not LISTED, reason="the page is listed once pocket-bert is bundled")


def test_first_view(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang), "dice_board")
    chosen = [i for i, token in enumerate(data["tokens"]) if token["action"]]
    assert [place["position"] for place in data["places"]] == chosen
    for token in data["tokens"]:
        assert (token["label"] is None) == (token["action"] == "")
        assert not (token["special"] and token["action"])
    assert data["expected"] == pytest.approx({"M": 0.12, "R": 0.015, "K": 0.015})
    counts = {c: sum(token["action"] == c for token in data["tokens"]) for c in "MRK"}
    assert data["throws"]["counts"] == counts  # one throw: the tree counts the draw on the board


def test_same_link_same_dice(open_page: Open) -> None:
    first, again, other = (
        [
            token["input"]
            for token in data_of(open_page(PAGE, seed=seed, mlm_probability="0.5"), "dice_board")["tokens"]
        ]
        for seed in ("5", "5", "6")
    )
    assert first == again != other


def test_many_throws_settle(open_page: Open) -> None:
    throws = data_of(open_page(PAGE, throws="10000"), "dice_board")["throws"]
    looked_at = throws["draws"] * throws["tokens"]
    for case, share in (("M", 0.12), ("R", 0.015), ("K", 0.015)):
        # five standard deviations of the binomial
        assert abs(throws["counts"][case] - looked_at * share) <= 5 * (looked_at * share * (1 - share)) ** 0.5


def test_fewer_throws_are_said(open_page: Open, lang: str) -> None:
    few = data_of(open_page(PAGE, lang=lang, throws="10000", strategy="spans"), "dice_board")["throws"]
    assert few["draws"] < 10_000
    assert "10,000" in few["note"]
    assert f"{few['draws']:,}" in few["note"]
    all_ = data_of(open_page(PAGE, lang=lang, throws="10000", strategy="words"), "dice_board")["throws"]
    assert (all_["draws"], all_["note"]) == (10_000, "")


def test_an_impossible_split_is_made_possible(open_page: Open) -> None:
    at = open_page(PAGE, mask_replace_prob="0.9", random_replace_prob="0.6")
    assert at.session_state["random_replace_prob"] == pytest.approx(0.1)
    assert data_of(at, "dice_board")["recipe"]["K"] == pytest.approx(0)


@pytest.mark.parametrize("look", ["settle", "epochs", "ways", "nothing"])
@pytest.mark.parametrize("strategy", ["tokens", "words", "spans"])
def test_every_panel(open_page: Open, look: str, strategy: str) -> None:
    open_page(PAGE, dice_look=look, strategy=strategy)


@pytest.mark.parametrize("text", ["", "word", "[MASK]", "안녕하세요", "<b>x</b>", "a word " * 2857])
@pytest.mark.parametrize("rate", ["0", "1"])
def test_odd_texts(open_page: Open, text: str, rate: str) -> None:
    data = data_of(open_page(PAGE, dice_text=text, mlm_probability=rate, dice_look="ways"), "dice_board")
    assert bool(data["places"]) == (rate == "1" and text not in ("", "[MASK]"))


def test_first_view_needs_no_torch() -> None:
    assert modules_after(PAGE, "dice_board") == []


def test_the_kept_first_view_is_what_the_model_says(
    open_page: Open, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file and without it: the same dice, the same losses (float32 sums may end a digit apart)."""
    for throws in ("1", "100"):
        kept = data_of(open_page(PAGE, lang=lang, throws=throws), "dice_board")
        with monkeypatch.context() as without:
            without.setattr(recorded, "trace_file", lambda name: None)
            computed = data_of(open_page(PAGE, lang=lang, throws=throws), "dice_board")
        for one, other in zip(kept.pop("places"), computed.pop("places"), strict=True):
            losses = [[place["cases"][c].pop("loss") for c in "MRK"] for place in (one, other)]
            assert losses[0] == pytest.approx(losses[1], abs=float32.LOGIT)
            assert one["actual"] == other["actual"]
            assert [one["cases"][c]["token"] for c in "MRK"] == [other["cases"][c]["token"] for c in "MRK"]
        assert kept == computed


def test_the_first_draw_shows_what_the_page_says() -> None:
    """The kept token is copied, the others are not guessed. With a new model: take the seed that the rule names."""
    from components.lessons.bert.dice import SEED
    from components.lessons.bert.dice_recorder import choose_seed

    assert choose_seed() == SEED, (
        f"SEED of components/lessons/bert/dice.py has to be {choose_seed()} for this model"
    )


def test_the_question_asked_first_has_the_answer_of_the_draw(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert len(set(data["options"])) == 3
    assert data["answer"] == 2  # the kept one
    assert "%" in data["why"]


def test_the_page_begins_before_the_dice(open_page: Open) -> None:
    data = data_of(open_page(PAGE), "dice_board")
    assert data["stage"] == 0


def test_a_long_text_compares_fewer_places(open_page: Open) -> None:
    """Every chosen place has what the die gave; the other cases only as many as are computed in a second or two."""
    from components.lessons.bert.dice import COMPARED_TOKENS

    data = data_of(open_page(PAGE, dice_text="the cat saw a dog. " * 100), "dice_board")
    assert all(place["actual"] in place["cases"] for place in data["places"])
    whole = [len(place["cases"]) == 3 for place in data["places"]]
    assert whole == sorted(whole, reverse=True)
    assert 0 < sum(whole) < len(whole)
    assert 2 * sum(whole) * len(data["tokens"]) <= COMPARED_TOKENS
