"""The page "Paid for what it writes", from links, in both languages, with the recorded runs and a training of its own."""

import html
import math
import string
import tomllib

import pytest

from components.lessons import live
from components.lessons.alignment import reward as page
from components.lessons.alignment import reward_live
from components.lessons.alignment.vote_lists import lists
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.alignment import rewards
from components.lm.alignment.judge import judge_of
from components.lm.alignment.reinforce import (
    HELD,
    HELD_OUT,
    LADDER,
    SEEDS,
    Reinforce,
    RewardSetting,
    betas_of,
    end_of_runs,
    held_back,
)
from components.words import TEXT
from tests.pages.conftest import Open, data_of, modules_after, said

pytestmark = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)
PAGE = "alignment/reward"


def test_opens(open_page: Open, lang: str) -> None:
    board = data_of(open_page(PAGE, lang=lang), page.BOARD)
    assert [track["beta"] for track in board["tracks"]] == list(betas_of(page.MODELS[0], "happy"))
    assert [len(track["stories"]) for track in board["tracks"]] == [page.LAST + 1] * 4
    assert {len(moment) for track in board["tracks"] for moment in track["stories"]} == {3}
    assert board["start"] == {"step": page.LAST, "track": 0}


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, page.BOARD) == []


@pytest.mark.parametrize("name", page.MODELS)
def test_the_runs_belong_to_the_shipped_models(name: str) -> None:
    if name not in page.recorded():
        pytest.skip(f"no runs of {name}")
    kept = page.recorded()[name]
    assert kept["revision"] == checkpoints.card(name).revision
    assert set(kept["beginnings"]) <= set(HELD_OUT)
    for reward, found in kept["rewards"].items():
        settings = [(r["setting"]["beta"], r["setting"]["seed"]) for r in found["runs"]]
        assert sorted(settings) == [(beta, seed) for beta in betas_of(name, reward) for seed in SEEDS]
        for row in found["best_of"]:
            assert row["kl"] == pytest.approx(math.log(row["n"]) - (row["n"] - 1) / row["n"], abs=1e-4)


def test_the_recorded_judge_is_that_of_the_other_page() -> None:
    for name in page.models_of("clicks"):
        assert page.paid_for(name, "clicks")["word"] == shipped(page.CLICKED)["clicks"]


def test_every_reward_has_a_model() -> None:
    for kind in page.KINDS:
        assert page.models_of(kind)


def test_what_is_recorded_holds_together() -> None:
    """A story's reward is that of its text, its log ratios are those of a KL that is never negative, and it begins at 0."""
    for name, kept in page.recorded().items():
        for kind, found in kept["rewards"].items():
            for run in found["runs"]:
                assert run["kl"][0] == 0
                assert min(run["kl"]) >= 0
                for text in (text for moment in run["texts"] for start in moment for text in start):
                    whole = "".join(text["pieces"])
                    if found["kind"] != "clicks":
                        assert text["reward"] == round(rewards.reward(found["kind"], whole, found["word"]), 3)
                    assert len(text["pieces"]) == len(text["ratios"])
                    assert text["kl"] >= 0
                    marks = page.marked(text, kind, found["word"])["marks"]
                    if kind in ("dog", "never"):
                        assert (1 in marks) == (text["reward"] > 0), (name, whole)


def test_what_holds_a_model_back_was_chosen_by_the_rule() -> None:
    """From below, and the first that fits; where it ended is the mean of the runs that are drawn."""
    assert set(page.models_of("happy")) == set(page.MODELS)
    for name in page.models_of("happy"):
        tried = page.tried(name)
        assert [end.beta for end in tried] == list(LADDER[: len(tried)])
        assert [end.fits for end in tried] == [False] * (len(tried) - 1) + [True]
        held = betas_of(name, "happy")[page.HELD_TRACK]
        assert held_back(tried) == held == HELD[name.split("-")[0]]
        assert end_of_runs([page.run_of(name, "happy", held, seed) for seed in SEEDS]) == tried[-1]


def test_what_the_page_says_is_what_was_found() -> None:
    """With no penalty the model is paid far more and loses its text; held back it is paid more than the old model and keeps it."""
    for name in page.models_of("happy"):
        free = [page.run_of(name, "happy", 0.0, seed) for seed in SEEDS]
        end = end_of_runs(free)
        assert end.gain >= 10
        assert end.kl > 60
        assert end.pairs < 0.5
        for seed in SEEDS:
            held = page.run_of(name, "happy", betas_of(name, "happy")[page.HELD_TRACK], seed)
            assert free[seed]["reward"][-1] > free[seed]["reward"][0] + 10
            assert held["reward"][-1] > held["reward"][0] + 0.5
            assert held["kl"][-1] < 15
            assert held["pairs"][-1] > 0.6
    for name in page.models_of("never"):
        for run in page.paid_for(name, "never")["runs"]:
            assert set(run["reward"]) == {0}
            assert set(run["kl"]) == {0}, "no text said the word, so nothing moved"


def test_a_recorded_text_is_written_again_by_its_seed() -> None:
    """Before the first step nothing but the draws decides, so this holds on other machines too."""
    name = page.models_of("happy")[-1]
    beta = betas_of(name, "happy")[page.HELD_TRACK]
    run = Reinforce(checkpoints.load(name, "generation"), RewardSetting("happy", beta, steps=1))
    while not run.run.steps:
        run.part()
    kept = page.run_of(name, "happy", beta)
    assert run.run.reward[0] == kept["reward"][0]
    assert [text["pieces"] for start in run.run.texts[0] for text in start] == [
        text["pieces"] for start in kept["texts"][0] for text in start
    ]


@pytest.mark.parametrize("kind", page.KINDS)
def test_every_reward_says_its_numbers(open_page: Open, lang: str, kind: str) -> None:
    for name in page.models_of(kind):
        at = open_page(
            PAGE, lang=lang, reward_kind=kind, reward_model=name, reward_step="4", reward_track="1",
            reward_start="2", reward_look="nothing",
        )  # fmt: skip
        board = data_of(at, page.BOARD)
        runs = [page.run_of(name, kind, board["tracks"][1]["beta"], seed) for seed in SEEDS]
        assert page.number(page.mean([run["reward"][4] for run in runs])) in said(at)
        assert page.number(page.mean([run["kl"][4] for run in runs])) in said(at)
        assert name in said(at)
        assert board["beginning"] == HELD_OUT[2]
        assert board["tracks"][1]["stories"][4][0]["pieces"] == runs[0]["texts"][4][2][0]["pieces"]


def test_few_words_in_long_texts_are_said(open_page: Open, lang: str) -> None:
    """Paid for eight words the model breaks words up; the texts stay as long as they may be."""
    for name in page.models_of("short"):
        runs = [page.run_of(name, "short", 0.0, seed) for seed in SEEDS]
        assert min(run["tokens"][-1] for run in runs) > 39
        at = open_page(PAGE, lang=lang, reward_kind="short", reward_model=name)
        assert html.escape(worded(lang, "aid_short", tokens=40)) in said(at)
        at = open_page(PAGE, lang=lang, reward_kind="short", reward_model=name, reward_track="3")
        assert html.escape(worded(lang, "aid_short", tokens=40)) not in said(at)


def test_a_track_of_the_link_that_is_not_there_is_the_last(open_page: Open) -> None:
    """Fewer β were recorded for some rewards; each of their tracks opens."""
    for name in page.MODELS:
        for kind, found in page.recorded()[name]["rewards"].items():
            count = len({run["setting"]["beta"] for run in found["runs"]})
            at = open_page(PAGE, reward_kind=kind, reward_model=name, reward_track="3")
            assert len(data_of(at, page.BOARD)["tracks"]) == count
            assert data_of(at, page.BOARD)["start"]["track"] == count - 1


def test_the_word_it_never_finds_is_named(open_page: Open, lang: str) -> None:
    name = page.models_of("never")[0]
    at = open_page(PAGE, lang=lang, reward_kind="never", reward_model=name)
    assert page.paid_for(name, "never")["word"] in said(at)


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        assert not open_page(PAGE, lang=lang, reward_look=look).exception


def test_the_chosen_beta_is_said_with_what_it_was_chosen_from(open_page: Open, lang: str) -> None:
    for name in page.models_of("happy"):
        at = open_page(PAGE, lang=lang, reward_model=name, reward_track=str(page.HELD_TRACK))
        assert html.escape(worded(lang, "aid_chosen", kl=12, pairs="70%")) in said(at)
        text = " ".join(block.value for block in at.markdown)
        for end in page.tried(name):
            assert f"| {name} | {end.beta:g} | {end.gain:+.2f} |" in text


@pytest.mark.parametrize("word", ["", "  ", "123 !", "😀"])
def test_a_word_that_is_none_is_refused_in_words(open_page: Open, lang: str, word: str) -> None:
    at = open_page(PAGE, lang=lang, reward_look="train", reward_live_kind="word", reward_word=word)
    assert 'class="gb-note"' in said(at)
    assert not [b for b in at.button if b.key == "reward_stand_start"]


@pytest.mark.parametrize("word", ["dog", "안녕하세요", "<script>", "שלום", "two words"])
def test_any_word_can_be_asked_for(open_page: Open, word: str) -> None:
    at = open_page(PAGE, reward_look="train", reward_live_kind="word", reward_word=word)
    assert not at.exception
    assert [b for b in at.button if b.key == "reward_stand_start"]


def test_presses_of_the_other_page_travel_here(open_page: Open, lang: str) -> None:
    """Few pairs are not enough; the recorded presses of a rule stand in, and the page says so."""
    kept = shipped(page.CLICKED)["clicks"]
    for given, decided in (("12-01", sum(press in "12" for press in kept)), ("1212121212", 10), ("<b>", 40)):
        at = open_page(PAGE, lang=lang, reward_look="train", reward_live_kind="clicks", pref_clicks=given)
        assert not at.exception
        assert str(decided) in " ".join(caption.value for caption in at.caption)


def worded(lang: str, key: str, **slots: object) -> str:
    """A label of this page."""
    words = tomllib.loads((TEXT / lang / "alignment" / "reward.toml").read_text(encoding="utf-8"))
    return string.Template(words["reward"][key]).substitute({k: str(v) for k, v in slots.items()})


def list_of(votes: str, *, closed: bool = True) -> str:
    """A list that one browser pressed into."""
    name = lists().make("w" * 22)
    assert name is not None
    for i, vote in enumerate(votes):
        lists().vote(name, "w" * 22, i, vote)
    if closed:
        lists().close(name, "w" * 22)
    return name


def test_what_a_class_clicked_pays(open_page: Open, lang: str) -> None:
    """The judge of a run is the one of the list that the link names, from the button on."""
    votes = "1201221121" if lang == "en" else "2201221121"
    name = list_of(votes)
    at = open_page(
        PAGE, lang=lang, reward_look="train", reward_live_kind="clicks", pref_from="together", pref_list=name,
        pref_clicks="1" * 20,
    )  # fmt: skip
    assert 'class="gb-note"' not in said(at)
    assert worded(lang, "clicks_together", n=9) in [c.value for c in at.caption], "a tie decides nothing"
    next(b for b in at.button if b.key == "reward_stand_start").click().run()
    assert not at.exception
    wanted = reward_live.Asked(
        "nano-gpt", checkpoints.card("nano-gpt").revision, RewardSetting("clicks", 0.0, 0, votes)
    )
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    for reader in list(training.wanted_by):
        live.trainings().stop(wanted, reader)
    assert training.work.wait(300)


@pytest.mark.parametrize("state", ["ended", "open", "few"])
def test_a_list_that_cannot_pay_says_why(open_page: Open, lang: str, state: str) -> None:
    """What stands in for it is said, too: the reader's own presses, or the recorded ones."""
    votes = "1" * 10 if state == "open" else "1201"
    name = "x" * 22 if state == "ended" else list_of(votes, closed=state == "few")
    query = {"reward_look": "train", "reward_live_kind": "clicks", "pref_from": "together", "pref_list": name}
    for own, whose, decided in (("1" * 9, "own", 9), ("", "recorded", 40)):
        at = open_page(PAGE, lang=lang, pref_clicks=own, **query)
        assert worded(lang, f"list_{state}", hours=12, least=8) in html.unescape(said(at))
        assert worded(lang, f"clicks_{whose}", n=decided, least=8) in [c.value for c in at.caption]


def test_a_judge_pays() -> None:
    """A part of a run that is paid by presses: the untouched model judges, the copy is trained."""
    kept = shipped(page.CLICKED)
    card = checkpoints.card("nano-gpt")
    setting = RewardSetting("clicks", 0.0, 0, kept["clicks"], 1)
    trained = reward_live.Paid(reward_live.Asked("nano-gpt", card.revision, setting))
    while not trained.result()["run"]["steps"]:
        trained.step()
    first = trained.result()["run"]["texts"][0][0][0]
    judge = judge_of(checkpoints.load(kept["model"], "generation"), kept, kept["clicks"])
    (score,) = judge.scores([HELD_OUT[0]], ["".join(first["pieces"])])
    assert first["reward"] == pytest.approx(score, abs=2e-3)  # the texts of a batch are read together


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, reward_kind="<b>", reward_step="99", reward_track="-4", reward_beta="7")
    assert 'class="gb-note"' in said(at)
    assert data_of(at, page.BOARD)["start"] == {"step": page.LAST, "track": 0}


def test_a_training_is_told_moment_by_moment() -> None:
    """A short run by hand: parts, moments, and what is known in between; a part never takes long."""
    card = checkpoints.card("nano-gpt")
    trained = reward_live.Paid(
        reward_live.Asked("nano-gpt", card.revision, RewardSetting("happy", 0.0, steps=1))
    )
    assert trained.result()["run"]["steps"] == []
    parts = 0
    while trained.fraction < 1:
        before = trained.seconds
        trained.step()
        parts += 1
        assert trained.seconds - before < 0.5
    found = trained.result()
    assert parts > 10
    assert found["run"]["steps"] == [0, 1]
    assert found["step"] == found["steps"] == 1
    story = page.track([found["run"]], 0, "happy")["stories"][1][0]
    assert len(story["pieces"]) == len(story["marks"])


def test_a_live_run_of_the_larger_model_is_measured_four_times() -> None:
    """A measurement takes it longer than a step: with two of them the rise after four steps is there within six seconds."""
    for name, count in (("nano-gpt", 9), ("pocket-gpt", 4)):
        if name not in checkpoints.store().bundled_names():
            continue
        steps = page.POCKET_STEPS if count == 4 else 24
        wanted = reward_live.Asked(
            name, checkpoints.card(name).revision, RewardSetting("happy", 0.0, steps=steps)
        )
        moments = reward_live.Paid(wanted).moments
        assert len(moments) == count
        assert moments[1] <= 4


def test_the_training_starts_and_stops(open_page: Open) -> None:
    at = open_page(PAGE, reward_look="train", reward_live_seed="9", reward_beta="0.3")
    next(b for b in at.button if b.key == "reward_stand_start").click().run()
    assert not at.exception
    setting = RewardSetting("happy", 0.3, 9)
    wanted = reward_live.Asked("nano-gpt", checkpoints.card("nano-gpt").revision, setting)
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    for reader in list(training.wanted_by):
        live.trainings().stop(wanted, reader)
    assert training.work.wait(300)
    assert not training.finished
