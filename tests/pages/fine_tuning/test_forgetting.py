"""The page "What is forgotten", from links, in both languages, with the recorded runs and a training of its own."""

import pytest
from safetensors.numpy import load

from components.lessons import live
from components.lessons.fine_tuning import forgetting as page
from components.lessons.fine_tuning import forgetting_live
from components.lessons.fine_tuning.live_pair import asked
from components.lessons.fine_tuning.said import said_score
from components.lm import checkpoints
from components.lm.fine_tuning.forgetting import (
    METHODS,
    MOMENTS,
    STRENGTHS,
    ForgettingSetting,
    Method,
    Sequel,
)
from tests.pages.conftest import Open, data_of, modules_after, notes, said

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)
PAGE = "fine_tuning/forgetting"


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, page.BOARD)
    assert [len(track["old"]) for track in board["tracks"]] == [len(MOMENTS)] * len(METHODS)
    assert board["start"] == {"step": page.LAST, "track": 0}


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, page.BOARD) == []


def test_the_runs_belong_to_the_shipped_models() -> None:
    for model in page.models():
        assert page.recorded()[model]["revision"] == checkpoints.card(model).revision
    kept = page.reading()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision
    assert len(kept["runs"]) == len(page.READERS)
    assert [run["setting"]["pretrained"] for run in kept["runs"]] == [x != "random" for x in page.READERS]
    wanted = {(method, one, True, 0) for method, some in STRENGTHS.items() for one in some}
    middle = {method: some[len(some) // 2] for method, some in STRENGTHS.items()}
    wanted |= {(m, x, True, seed) for m, x in middle.items() for seed in (1, 2)}
    wanted |= {(m, x, False, 0) for m, x in middle.items()}
    assert set(page.models()) == set(page.MODELS)
    for model in page.MODELS:
        assert set(page._by_setting(model)) == wanted, model


@pytest.mark.parametrize("model", page.MODELS)
def test_what_the_page_says_is_what_was_found(model: str) -> None:
    """Plain training forgets, in each of three seeds; replay keeps more; LoRA taken off keeps everything."""
    for seed in range(3):
        plain, replay = (page.run_of(method, seed=seed, of=model) for method in ("nothing", "replay"))
        assert plain["old"][-1][2] < replay["old"][-1][1], "the intervals part"
        assert plain["old"][-1][0] < 0.4 * plain["old"][0][0]
        assert plain["new"][-1][0] > 0.45
        lora = page.run_of("lora", seed=seed, of=model)
        assert lora["off"] == lora["old"][0]
        assert lora["old"][-1][2] < lora["off"][1]
    plain = page.reading()["runs"][0]
    assert plain["stories"][-1] > plain["stories"][0]
    assert plain["articles"][-1] < plain["articles"][0]


@pytest.mark.parametrize("model", page.MODELS)
def test_a_stronger_hold_keeps_more_and_learns_less(model: str) -> None:
    """At the ends of the slider, for what is pulled back: the old task kept, the new one not learned as well."""
    for method in ("pull", "ewc", "features"):
        weak, strong = (page.run_of(method, level, of=model) for level in (page.LEVELS[0], page.LEVELS[-1]))  # type: ignore[arg-type]
        assert strong["old"][-1][0] > weak["old"][-1][0], method
        assert strong["moved"] < weak["moved"], method


@pytest.mark.parametrize(
    "query",
    [
        {"forget_strength": "1"},
        {"forget_strength": "5", "forget_seed": "2"},
        {"forget_seed": "1"},
        {"forget_start": "random", "forget_strength": "2"},
    ],
)
def test_every_choice_says_its_scores(open_page: Open, lang: str, query: dict[str, str]) -> None:
    at = open_page(PAGE, lang=lang, forget_step="3", forget_track="2", forget_look="nothing", **query)
    level = page.MIDDLE if "forget_start" in query else int(query.get("forget_strength", page.MIDDLE))
    seed = int(query.get("forget_seed", 0)) if level == page.MIDDLE else 0
    run = page.run_of("pull", level, query.get("forget_start", "pretrained"), seed, page.MODELS[0])
    assert said_score(run["old"][3]) in said(at)
    assert said_score(run["new"][3]) in said(at)


@pytest.mark.parametrize("model", page.MODELS)
def test_a_model_offers_what_was_recorded(open_page: Open, lang: str, model: str) -> None:
    """Both at every strength, and at the middle one with three seeds."""
    at = open_page(
        PAGE,
        lang=lang,
        forget_model=model,
        forget_strength="5",
        forget_track=str(METHODS.index("replay")),
        forget_look="nothing",
    )
    assert not at.exception
    run = page.run_of("replay", 5, of=model)
    assert said_score(run["old"][-1]) in said(at)
    assert model in said(at)
    assert [(s.value, s.min, s.max) for s in at.slider] == [(5, *page.LEVELS[:: len(page.LEVELS) - 1])]
    at = open_page(PAGE, lang=lang, forget_model=model, forget_seed="2", forget_look="nothing")
    assert said_score(page.run_of("nothing", seed=2, of=model)["old"][-1]) in said(at)


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        at = open_page(PAGE, lang=lang, forget_look=look)
        assert not at.exception
        planes = [b for b in at.get("bidi_component") if b.proto.component_name == f"glassbox.{page.BOARD}"]
        assert len(planes) == 1 + (look == "static")


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, forget_strength="<b>", forget_step="99", forget_track="-4", forget_seed="7")
    assert notes(at)
    assert data_of(at, page.BOARD)["start"] == {"step": page.LAST, "track": 0}


def test_a_training_learns_the_old_task_first() -> None:
    """The chain is stepped by hand: both starts, the old task before the new one, and what is known so far."""
    wanted = asked("nano-bert", ForgettingSetting("replay", 8))
    pair = forgetting_live.Pair(wanted)
    for _ in range(4):
        pair.step()
    found = pair.result()
    assert [run["steps"] for run in found["runs"]] == [[], []]
    assert found["step"] == 2
    assert 0 < pair.fraction < 0.05
    assert found["seconds"] > 0
    assert found["learned"] is None


@pytest.mark.parametrize("method", ["replay", "lora"])
def test_both_tasks_can_be_taken_home(method: Method) -> None:
    """What was there before, the old task's difference and the new one's are the weights at the end."""
    setting = ForgettingSetting(method, 8)
    pair = forgetting_live.Pair(asked("nano-bert", setting))
    loaded, chain = checkpoints.load("nano-bert", "masked_prediction"), pair.runs[0]
    chain.step()  # the old task is cut short here: a step of each
    chain.sequel = Sequel(loaded, chain._old, setting)
    chain.sequel.loop.take_step()
    tensors = load(pair.learned())
    name = "encoder.layer.1.attention.self.query"
    before = loaded.model.bert.get_submodule(name).weight.detach().float().numpy()
    after = chain.sequel.new.body.get_submodule(name)
    found = before + tensors[f"old.bert.{name}.weight"].astype("f4")
    if method == "lora":
        found = found + 2 * tensors[f"new.bert.{name}.B"].astype("f4") @ tensors[f"new.bert.{name}.A"].astype(
            "f4"
        )
        assert f"new.bert.{name}.linear.weight" not in tensors, "it stayed as it was"
        end = after.merged().detach().numpy()
    else:
        found = found + tensors[f"new.bert.{name}.weight"].astype("f4")
        end = after.weight.detach().numpy()
    # Half precision keeps eleven bits of each difference.
    assert abs(found - end).max() < 1e-4
    assert {"old.head.weight", "new.head.weight"} <= set(tensors)


def test_the_training_starts_and_stops(open_page: Open) -> None:
    at = open_page(PAGE, forget_look="train", forget_live_seed="9")
    next(b for b in at.button if b.key == "forgetting_start").click().run()
    assert not at.exception
    wanted = asked("nano-bert", ForgettingSetting("replay", 20, seed=9))
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    for reader in list(training.wanted_by):
        live.trainings().stop(wanted, reader)
    assert training.work.wait(300)
    assert not training.finished
