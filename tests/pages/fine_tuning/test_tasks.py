"""The page "Fifty labelled sentences", from links, in both languages, with the recorded runs and a training of its own."""

from urllib.parse import parse_qs

import pytest
from safetensors.numpy import load

from components.lessons import live, tuned
from components.lessons.fine_tuning import tasks as page
from components.lessons.fine_tuning import tasks_live
from components.lessons.fine_tuning.live_pair import asked
from components.lessons.fine_tuning.said import percent
from components.lessons.known_language import other_letters
from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import (
    SIZES,
    TASKS,
    WAYS,
    WRONG_LABELS,
    EncoderTask,
    Score,
    by_hand,
)
from components.lm.fine_tuning.sentences import TAGS, written_tags
from components.lm.fine_tuning.task_runs import AROUND_SEEDS, MOMENTS, SHOWN, TaskSetting, tune_fully
from components.words import _words
from tests.pages.conftest import Open, data_of, modules_after, notes, on_page, said

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)
PAGE = "fine_tuning/tasks"


def ours() -> str:
    """The labels of the generator for the twenty sentences, as a link holds them."""
    return tasks_live.write_labels([[TAGS.index(tag) for tag in s.tags] for s in tasks_live.sentences()])


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "tasks_board")
    assert len(board["sentences"]) == SHOWN
    assert len(board["lanes"]) == 2
    for lane in board["lanes"]:
        assert len(lane["said"]) == len(lane["written"]) == len(lane["generated"]) == MOMENTS


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "tasks_board") == []


def test_the_runs_belong_to_the_shipped_models() -> None:
    for name, kept in page.recorded().items():
        assert kept["revision"] == checkpoints.card(name).revision, (
            f"make them again: python -m components.pretraining fine-tuning tasks --model {name}"
        )
        found = {
            (s["task"], s["size"], s["way"], s["pretrained"])
            for run in kept["runs"]
            for s in (run["setting"],)
        }
        assert kept["written"]["tag"] == len(written_tags())
        sizes = {size for _, size, _, _ in found}
        assert {50, 200} <= sizes
        assert found == {(t, n, w, p) for t in TASKS for n in sizes for w in WAYS for p in (True, False)}


@pytest.mark.parametrize("name", page.MODELS)
@pytest.mark.parametrize("task", TASKS)
def test_every_task_in_every_way(open_page: Open, lang: str, task: str, name: str) -> None:
    for way in WAYS if name == page.MODELS[0] else ["full"]:
        at = open_page(
            PAGE,
            lang=lang,
            task=task,
            task_model=name,
            task_way=way,
            task_size="200",
            task_step="2",
            task_sentence="3",
        )
        board = data_of(at, "tasks_board")
        assert board["task"] == task
        assert board["start"] == {"step": 2, "sentence": 3}
        run = page.recorded()[name]["runs"]
        mine = next(
            r
            for r in run
            if r["setting"] == {"task": task, "size": 200, "way": way, "pretrained": True, "seed": 0}
        )
        assert board["lanes"][0]["said"] == mine["said"]
        assert percent(mine["written"][2][0]) in said(at)


def test_what_was_recorded_is_what_the_code_makes() -> None:
    kept = next(
        r
        for r in page.recorded()["nano-bert"]["runs"]
        if r["setting"] == {"task": "tag", "size": 50, "way": "head", "pretrained": True, "seed": 0}
    )
    again = tune_fully(
        checkpoints.load("nano-bert", "masked_prediction"), TaskSetting("tag", 50, "head", True)
    ).run
    # A word on the edge may fall on the other side on another processor: two points of F1.
    assert again.generated[-1][0] == pytest.approx(kept["generated"][-1][0], abs=0.02)
    assert again.written[-1][0] == pytest.approx(kept["written"][-1][0], abs=0.02)
    assert again.trained == kept["trained"]


@pytest.mark.parametrize("name", page.MODELS)
def test_pre_training_is_worth_what_the_page_says(name: str) -> None:
    runs = {
        (s["task"], s["size"], s["way"], s["pretrained"]): run
        for run in page.recorded()[name]["runs"]
        for s in (run["setting"],)
    }
    for size in (50, 200):
        mine, bare = (
            runs["tag", size, "full", True]["written"][-1],
            runs["tag", size, "full", False]["written"][-1],
        )
        assert mine[1] > bare[2], "the intervals part"
    assert set(runs) == {
        (task, size, way, start)
        for task in TASKS
        for size in SIZES
        for way in WAYS
        for start in (True, False)
    }
    if name == page.MODELS[0]:
        assert runs["tag", 50, "full", True]["written"][-1][0] >= 0.5
        assert runs["tag", 50, "full", False]["written"][-1][0] <= 0.15, "random weights stay near guessing"
        assert runs["span", 1000, "full", True]["generated"][-1][0] >= 0.9


def test_random_weights_go_by_the_words_around(open_page: Open, lang: str) -> None:
    """The measure of leakage: what random weights find does not hang on the words with a tag, what the others find does."""
    around = page.recorded()["pocket-bert"]["around"]
    mean = {
        (start, name): sum(one[name] for one in found) / len(found)
        for start, found in around.items()
        for name in ("own", "exchanged")
    }
    assert all(len(found) == AROUND_SEEDS for found in around.values())
    assert abs(mean["random", "own"] - mean["random", "exchanged"]) < 0.06
    assert mean["pretrained", "own"] > mean["pretrained", "exchanged"] + 0.15
    shown = said(open_page(PAGE, lang=lang))
    assert all(percent(value) in shown for value in mean.values())


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, task="x", task_step="99", task_size="7", task_labels="999.<b>", task_look="label")
    assert notes(at)
    assert data_of(at, "tasks_board")["task"] == "tag"
    assert not any(any(line) for line in data_of(at, "label_board")["labels"])


@pytest.mark.parametrize(
    ("labels", "key"),
    [("", "label_none"), ("1", "label_one_kind"), ("12", "label_one_sentence"), ("안녕" * 500, "label_none")],
)
def test_labels_that_teach_little_are_told(open_page: Open, lang: str, labels: str, key: str) -> None:
    at = open_page(PAGE, lang=lang, task_look="label", task_labels=labels)
    begin = _words(lang)["tasks"][key].split("$")[0]
    assert begin in said(at)


def test_labels_travel_in_a_link() -> None:
    lengths = [len(s.words) for s in tasks_live.sentences()]
    text = ours()
    assert tasks_live.write_labels(tasks_live.read_labels(text, lengths)) == text
    assert len(text) < 400
    assert tasks_live.read_labels("7" * 10_000, lengths) == [[0] * n for n in lengths]


def test_a_readers_labels_teach(open_page: Open) -> None:
    at = open_page(PAGE, task_look="label", task_labels=ours())
    next(b for b in at.button if b.key == "label_start").click().run()
    assert not at.exception
    wanted = asked("nano-bert", tasks_live.Labels(ours(), 0))
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    assert training.work.wait(300)
    training.work.result()
    at.run()
    runs = training.result["runs"]
    assert runs[0]["written"][-1][0] > runs[1]["written"][-1][0]
    assert on_page(at, "tasks_board")
    tensors = load(training.result["learned"])
    assert {"head.weight", "bert.encoder.layer.0.attention.self.query.weight"} <= set(tensors)
    offered = [b.proto for b in at.get("download_button")]
    assert [b.label.rsplit(".")[-1] for b in offered if "nano-bert-tags" in b.label] == ["csv", "json"]
    rows = live.curve_rows({"mine": runs[0], "bare": runs[1]})
    assert [row["written"] for row in rows] == [score[0] for run in runs for score in run["written"]]
    assert {"run", "step", "generated_low", "generated_high"} <= set(rows[0])


def test_the_larger_model_learns_on_request(open_page: Open) -> None:
    """Stepped by hand to its second moment: the page's board is that of the model that was asked for."""
    at = open_page(PAGE, task_look="label", task_labels=ours(), task_live_model="pocket-bert")
    assert not at.exception
    wanted = asked("pocket-bert", tasks_live.Labels(ours(), 0))
    pair = tasks_live.Pair(wanted)
    while len(pair.result()["runs"][0]["steps"]) < 2:
        pair.step()
    runs = pair.result()["runs"]
    assert [len(run["said"]) for run in runs] == [2, 2]
    board = page.board((runs[0], runs[1]), "tag", wanted.model)
    for said_now, row in zip(runs[0]["said"][1], board["sentences"], strict=True):
        assert len(said_now) == len(row["heads"])


def test_glue_waits_for_a_guess(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, task_look="glue")
    assert "86.7" not in " ".join(block.value for block in at.markdown)
    at.session_state["_glue_guess"] = "RTE"
    at.run()
    assert "86.7" in " ".join(block.value for block in at.markdown)
    assert "CoLA" in " ".join(block.value for block in at.markdown)


def test_a_class_of_forty_with_forty_different_labels() -> None:
    """Every training comes to its end, however many wait before it."""

    class Short:
        fraction = 0.0

        def step(self) -> None:
            self.fraction = 1.0

        def result(self) -> live.Found:
            return {"step": 1, "steps": 1, "seconds": 0.0}

    trainings = live.Trainings()
    made = [trainings.start(n, Short, str(n)) for n in range(40)]
    for training in made:
        assert training.work is not None
        assert training.work.wait(300)
    assert all(training.finished for training in made)


def test_a_sentence_of_ones_own(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, task_look="own", task_own="The king saw a *fox* in <b> the park.")
    assert not at.exception
    text = " ".join(block.value for block in (*at.markdown, *at.caption))
    assert "**king**" in text
    assert "king, park" in next(
        c.value for c in at.caption if "F1" in c.value and str(len(written_tags())) in c.value
    )
    assert "<b>" not in text
    links = [b.proto for b in at.get("page_link")]
    asked = [parse_qs(b.query_string) for b in links if "attention_weights" in b.query_string]
    assert [q["attention_weights"] for q in asked] == [["pretrained"], ["tuned"]]
    assert all(q["text"] == ["The king saw a *fox* in <b> the park."] for q in asked)
    assert all(q["attention_model"] == ["nano-bert"] and q["lang"] == [lang] for q in asked)


def test_the_larger_model_tags_on_request(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its taggers are asked for (here not trained); Attention heads has none of its weights after tags, so no link goes there."""
    asked_for = []

    def untrained(name: str, _: str) -> list[tuple[EncoderTask, Score]]:
        asked_for.append(name)
        loaded = checkpoints.load(name, "masked_prediction")
        return [
            (EncoderTask(loaded, "tag", "head", pretrained=x, seed=0), Score(0.5, 0.4, 0.6))
            for x in (True, False)
        ]

    monkeypatch.setattr(tuned, "taggers", untrained)
    at = open_page(PAGE, task_look="own", task_live_model="pocket-bert")
    assert not at.exception
    assert asked_for == ["pocket-bert"]
    assert not [b for b in at.get("page_link") if "attention_weights" in b.proto.query_string]


@pytest.mark.parametrize(
    "text", ["  ", "안녕하세요", "\u1112\u1161\u11ab", "👩‍👩‍👧‍👦 ran", "שלום עולם", "<script>", "word " * 60]
)
def test_odd_sentences_of_ones_own(open_page: Open, text: str) -> None:
    at = open_page(PAGE, task_look="own", task_own=text)
    assert not at.exception
    # Said: there is nothing to tag, there is too much, or the model never learned these letters.
    assert ('class="gb-note"' in said(at)) == (not text.strip() or len(text) > 100 or other_letters(text))


def test_the_caption_says_who_made_the_examples(open_page: Open, lang: str) -> None:
    for task, size in [("tag", 50), ("tag", 200), *((task, 50) for task in TASKS[1:])]:
        shown = said(open_page(PAGE, lang=lang, task=task, task_size=str(size)))
        made = _words(lang)["tasks"][f"caption_{'by_hand' if by_hand(size) else 'generated'}"]
        assert {"en": f"{size} labelled examples {made}", "ko": f"예 {size}개 ({made})"}[lang] in shown


@pytest.mark.parametrize("task", TASKS)
def test_the_caption_counts_wrong_labels(open_page: Open, task: str) -> None:
    at = open_page(PAGE, task=task)
    assert f"read one by one: {WRONG_LABELS[task]}" in said(at)
    assert set(WRONG_LABELS) == set(TASKS)
    assert page.recorded()["pocket-bert"]["wrong"] == WRONG_LABELS
