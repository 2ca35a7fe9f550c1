"""The page "How much is carried over", from links, in both languages, with the recorded runs."""

import time

import pytest
from safetensors.numpy import load

from components.lessons import live
from components.lessons.fine_tuning import transfer as page
from components.lessons.fine_tuning.live_pair import asked
from components.lessons.fine_tuning.said import percent
from components.lm import checkpoints
from components.lm.fine_tuning.transfer import (
    HELD_OUT,
    LAMBDAS,
    MOMENTS,
    SEEDS,
    SHOWN,
    Setting,
    form_example,
    sentences,
    train_fully,
)
from tests.pages.conftest import Open, data_of, modules_after, notes, on_page, said, widget

pytestmark = pytest.mark.skipif(
    not {"pocket-gpt", "nano-gpt"} <= {*checkpoints.store().bundled_names()},
    reason="the models are not in assets/models",
)
PAGE = "fine_tuning/transfer"


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "transfer_board")
    assert len(board["runs"]) == page.LAYERS + 2
    assert len(board["steps"]) == MOMENTS
    assert [s["text"] for s in board["sentences"]] == [text for text, _ in sentences(0)[1][:SHOWN]]
    for run in board["runs"]:
        assert len(run["right"]) == len(run["probs"]) == len(run["losses"]) == MOMENTS
    for sentence in board["sentences"]:
        assert "".join(sentence["pieces"][1:-1]) == sentence["text"]


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "transfer_board") == []


def test_the_runs_belong_to_the_shipped_model() -> None:
    kept = page.recorded()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision, (
        "make them again: python -m components.pretraining fine-tuning transfer"
    )
    assert {
        (r["setting"]["carried"], r["setting"]["weight"], r["setting"]["seed"]) for r in kept["runs"]
    } == {(c, w, s) for c in page.depths() for w in LAMBDAS for s in SEEDS}


def test_pre_training_is_worth_what_the_page_says() -> None:
    """All layers beat nothing in every split; random weights stay near guessing on average (leakage)."""
    everything, nothing = page.counts(page.LAYERS, 0.0)[-1], page.counts(-1, 0.0)[-1]
    assert all(a > b for a, b in zip(everything, nothing, strict=True))
    assert page.share(everything) - page.share(nothing) >= 0.2
    assert 0.4 <= page.share(nothing) <= 0.7
    assert sum(page.recorded()["swap"]["preferred"]["written"]) >= 95


def test_a_link_opens_its_view(open_page: Open) -> None:
    at = open_page(
        PAGE, ft_step="3", ft_carried="2", ft_lambda="0.5", ft_seed="1", ft_form="similarity", ft_sentence="4"
    )
    board = data_of(at, "transfer_board")
    assert board["start"] == {"step": 3, "carried": 3, "sentence": 4, "form": 2}
    assert board["sentences"][0]["text"] == sentences(1)[1][0][0]
    found = page.counts(2, 0.5)[3]
    assert board["runs"][3]["right"][3] == list(found)
    assert percent(page.share(found)) in said(at)
    assert f"step {page.run_of(2, 0.5, 1)['steps'][3]}" in said(at)


def test_every_form_has_its_losses() -> None:
    """L1 at each token but the new ones and the first, and one L2, which a head that was not trained makes."""
    forms = page.recorded()["forms"]
    assert [(one["form"], len(one["rows"]), one["choices"]) for one in forms] == [
        ("entailment", 1, 2),
        ("similarity", 2, 2),
        ("multiple_choice", 3, 3),
    ]
    loaded = checkpoints.load("pocket-gpt", "generation")
    for one in forms:
        assert one["l2"] == pytest.approx(form_example(loaded, one["form"])["l2"], abs=1e-3)
        for row in one["rows"]:
            assert len(row["losses"]) == len(row["pieces"]) - 1
            unread = [
                piece for piece, loss in zip(row["pieces"][1:], row["losses"], strict=True) if loss is None
            ]
            assert unread == ["[delim]", "[extract]"]


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, ft_step="99", ft_carried="-7", ft_lambda="x", ft_seed="12")
    assert at.session_state["ft_carried"] == -1
    assert notes(at)


@pytest.mark.parametrize("look", [x for x in page.LOOKS if x not in ("train", "nothing")])
def test_panels(open_page: Open, lang: str, look: str) -> None:
    at = open_page(PAGE, lang=lang, ft_look=look)
    text = " ".join(block.value for block in at.markdown).replace("\\", "")
    if look == "weight":
        row = page.weight_rows()[-1]
        assert percent(row["accuracy_0.5"]) in text
        assert "74.7" in text
        assert "75.0" in text
    if look == "swap":
        assert f"{sum(page.recorded()['swap']['preferred']['generated'])} / 100" in text
    if look == "paper":
        assert "✓" in text


def test_predict_first_asks_for_what_is_drawn(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert percent(page.share(page.counts(0, 0.0)[-1])) in asked["why"]
    assert len(asked["options"]) == 4


def test_one_recorded_run_is_what_the_code_makes() -> None:
    """Eight steps of the shipped run, done again here; 0.002 because processors add in different orders."""
    from components.lm.fine_tuning.transfer import Transfer

    kept = page.run_of(page.LAYERS, 0.0, 0)
    again = Transfer(checkpoints.load("pocket-gpt", "generation"), Setting(page.LAYERS, 0.0, 0))
    assert again.run.probs[0] == pytest.approx(kept["probs"][0], abs=0.002)
    while again.loop.step < kept["steps"][1]:
        again.step()
    assert again.run.probs[1] == pytest.approx(kept["probs"][1], abs=0.01)


def test_a_reader_trains(open_page: Open) -> None:
    at = open_page(PAGE, ft_look="train", ft_live_examples="20", ft_live_carried="1")
    button = next(b for b in at.button if b.key == "ft_start")
    button.click().run()
    assert not at.exception
    wanted = asked("nano-gpt", Setting(1, 0.0, 0, 20))
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    assert training.work.wait(300)
    at.run()
    assert on_page(at, "score_lines")
    lines = data_of(at, "score_lines")["lines"]
    loaded = checkpoints.load("nano-gpt", "generation")
    plain = train_fully(loaded, Setting(1, 0.0, 0, 20))
    assert lines[1]["points"][-1][1] == pytest.approx(page.right(plain.run.as_json(), 0)[-1] / HELD_OUT)
    tensors = load(training.result["learned"])
    before = loaded.model.transformer.wte.weight.detach().float().numpy()
    after = plain.task.body.wte.weight.detach().numpy()
    # Half precision keeps eleven bits of the difference.
    assert abs(before + tensors["transformer.wte.weight"].astype("f4") - after).max() < 1e-4
    assert tensors["special"].shape == tuple(plain.task.special.shape)
    assert widget(at, "ft_live_examples").value == 20


class _Slow:
    """A training of a hundred steps of 20 ms."""

    def __init__(self) -> None:
        self.done = 0

    @property
    def fraction(self) -> float:
        return self.done / 100

    def step(self) -> None:
        time.sleep(0.02)
        self.done += 1

    def result(self) -> int:
        return self.done


def test_a_training_is_shared_stopped_with_the_last_wish_and_goes_on() -> None:
    trainings = live.Trainings()
    made: list[_Slow] = []

    def make() -> _Slow:
        made.append(_Slow())
        return made[-1]

    training = trainings.start("a", make, "Kim")
    assert trainings.start("a", make, "Lee") is training
    while not training.result:
        time.sleep(0.01)
    trainings.stop("a", "Kim")
    assert training.running
    began = time.monotonic()
    trainings.stop("a", "Lee")
    assert not training.running
    assert time.monotonic() - began < 0.5
    at = training.result
    assert 0 < at < 100
    trainings.start("a", make, "Kim")
    assert training.work is not None
    assert training.work.wait(10)
    assert training.finished
    assert training.result == 100
    assert len(made) == 1


def test_the_queue_says_how_many_come_before() -> None:
    trainings = live.Trainings()
    asked = [trainings.start(name, _Slow, "Kim") for name in "abcd"]
    while not (asked[0].result and asked[1].result):
        time.sleep(0.01)
    assert [trainings.waiting_before(one) for one in asked] == [0, 0, 0, 1]
    for name in "abcd":
        trainings.stop(name, "Kim")
