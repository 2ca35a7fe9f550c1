"""BERT's four kinds of tasks: losses as in plain transformers, the best span, LoRA, frozen parts, F1's interval, and leakage."""

import pytest
import torch

from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import (
    TASKS,
    WAYS,
    EncoderTask,
    best_span,
    examples,
    is_right,
    loop_of,
    score,
    span_example,
    to_learn_from,
)
from components.lm.fine_tuning.encoder_tasks import (
    labelled_words as labelled_in,
)
from components.lm.fine_tuning.loop import Recipe
from components.lm.fine_tuning.lora import count, merge
from components.lm.fine_tuning.sentences import first_tags, generate, written_tags
from components.lm.fine_tuning.stories import (
    COLOURS,
    THINGS,
    first_replies,
    first_stories,
    replies,
    stories,
    written_replies,
    written_stories,
)
from components.lm.fine_tuning.task_runs import TaskSetting, Tuning, guessing, tune_fully
from tests.lm.fine_tuning.labelled import labelled_words

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


@pytest.mark.parametrize("task", TASKS)
def test_the_loss_is_that_of_transformers(loaded: checkpoints.LoadedModel, task: str) -> None:
    """The classes of transformers with our weights, on the same rows; 1e-5 is the rounding of float32 sums."""
    import transformers

    ours = EncoderTask(loaded, task, "full", pretrained=True, seed=0)  # type: ignore[arg-type]
    rows = examples(loaded, task, "train", 5, 0)  # type: ignore[arg-type]
    config = transformers.BertConfig.from_dict(
        {
            **loaded.model.config.to_dict(),
            "num_labels": ours.head.out_features,
            "attn_implementation": "eager",
        }
    )
    name = {"tag": "BertForTokenClassification", "span": "BertForQuestionAnswering"}.get(
        task, "BertForSequenceClassification"
    )
    plain = getattr(transformers, name)(config).eval()
    plain.bert.load_state_dict(ours.body.state_dict(), strict=False)
    head = plain.qa_outputs if task == "span" else plain.classifier
    head.load_state_dict(ours.head.state_dict())
    total = []
    for row in rows:
        ids, kinds = torch.tensor([row.input_ids]), torch.tensor([row.token_type_ids])
        if task == "tag":
            labels = torch.full(ids.shape, -100)
            labels[0, list(row.heads)] = torch.tensor(row.gold)
            total.append((plain(ids, token_type_ids=kinds, labels=labels).loss, len(row.heads)))
        elif task == "span":
            out = plain(ids, token_type_ids=kinds)
            inside = list(row.heads)
            first, last = row.gold[0]  # type: ignore[index,misc]
            start = -out.start_logits[0, inside].log_softmax(-1)[inside.index(first)]
            end = -out.end_logits[0, inside].log_softmax(-1)[inside.index(last)]
            total.append(((start + end) / 2, 1))
        else:
            total.append((plain(ids, token_type_ids=kinds, labels=torch.tensor([row.gold])).loss, 1))
    expected = sum(float(loss.detach()) * n for loss, n in total) / sum(n for _, n in total)
    assert float(ours.loss(rows).detach()) == pytest.approx(expected, abs=1e-5)


def test_the_best_span_ends_after_it_begins() -> None:
    scores = torch.full((30, 2), -5.0)
    scores[7, 0], scores[3, 1], scores[9, 1] = 4, 9, 2
    assert best_span(scores) == (7, 9)
    scores[25, 1] = 8  # farther away than an answer may be long
    assert best_span(scores) == (7, 9)


def test_a_span_stands_in_the_text(loaded: checkpoints.LoadedModel) -> None:
    row = span_example(loaded, "Hugo went to the mill. The mill was old.", "Where did Hugo go?", "mill")
    assert isinstance(row.gold, tuple)
    assert len(row.gold) == 2
    first, last = row.gold[0]  # type: ignore[misc]
    assert row.text[row.offsets[first][0] : row.offsets[last][1]] == "mill"
    for answer in ("", "Where", "ill", "안녕"):
        with pytest.raises(ValueError, match="text"):
            span_example(loaded, "Hugo went to the mill.", "Where did Hugo go?", answer)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_frozen_keeps_its_bytes(loaded: checkpoints.LoadedModel, task: str, way: str) -> None:
    model = EncoderTask(loaded, task, way, pretrained=True, seed=0)  # type: ignore[arg-type]
    trained = {id(p) for p in model.trained}
    frozen = {name: p.detach().clone() for name, p in model.body.named_parameters() if id(p) not in trained}
    changing = [p.detach().clone() for p in model.trained]
    loop = loop_of(model, examples(loaded, task, "train", 16, 0), Recipe(1e-3, 2, batch=8))  # type: ignore[arg-type]
    while not loop.finished:
        loop.take_step()
    assert all(
        torch.equal(p.detach(), frozen[name]) for name, p in model.body.named_parameters() if name in frozen
    )
    assert any(not torch.equal(a, b.detach()) for a, b in zip(changing, model.trained, strict=True))
    assert (way == "full") or len(frozen) > 60


def test_lora_starts_as_the_model_and_merges_into_it(loaded: checkpoints.LoadedModel) -> None:
    plain = EncoderTask(loaded, "tag", "head", pretrained=True, seed=0)
    model = EncoderTask(loaded, "tag", "lora", pretrained=True, seed=0)
    rows = examples(loaded, "tag", "train", 6, 0)
    ids = torch.tensor([rows[0].input_ids])
    with torch.no_grad():
        assert torch.equal(plain.body(ids).last_hidden_state, model.body(ids).last_hidden_state)
    loop = loop_of(model, rows, Recipe(1e-2, 4, batch=3))
    while not loop.finished:
        loop.take_step()
    with torch.no_grad():
        changed = model.body(ids).last_hidden_state
        merge(model.body)
        merged = model.body(ids).last_hidden_state
    assert not torch.allclose(changed, plain.body(ids).last_hidden_state, atol=1e-3)
    assert torch.allclose(changed, merged, atol=1e-5)


def test_lora_trains_as_many_numbers_as_the_formula_says(loaded: checkpoints.LoadedModel) -> None:
    """r·(in + out) for each of the two matrices of a layer (PEFT counts the same), and the head."""
    card = loaded.card
    model = EncoderTask(loaded, "tag", "lora", pretrained=True, seed=0)
    shapes = [(card.hidden_size, card.hidden_size)] * (2 * card.num_layers)
    assert sum(p.numel() for p in model.trained) == count(shapes, 4) + 4 * card.hidden_size + 4


def test_stopping_and_going_on_equals_not_stopping(loaded: checkpoints.LoadedModel) -> None:
    setting = TaskSetting("tag", 50, "lora", pretrained=True)
    whole, stopped = tune_fully(loaded, setting), Tuning(loaded, setting)
    for _ in range(7):
        stopped.step()
    tune_fully(loaded, TaskSetting("pair", 50, "head", pretrained=False, seed=3))
    while not stopped.loop.finished:
        stopped.step()
    assert stopped.run.said == whole.run.said
    assert stopped.run.written == whole.run.written


def test_scores_of_hand_made_answers(loaded: checkpoints.LoadedModel) -> None:
    rows = examples(loaded, "tag", "written", 60, 0)
    assert score("tag", [list(row.gold) for row in rows], rows).value == 1  # type: ignore[arg-type]
    nothing = score("tag", [[0] * len(row.words) for row in rows], rows)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)
    pairs = examples(loaded, "pair", "written", 50, 0)
    always = score("pair", [0.9] * len(pairs), pairs)
    assert always.value == 0.5
    assert always.low < 0.5 < always.high
    assert is_right("pair", 0.9, pairs[0])
    assert not is_right("pair", 0.1, pairs[0])
    spans = examples(loaded, "span", "written", 40, 0)
    assert 0 < guessing("span", spans) < 0.05


def test_no_word_of_a_test_was_labelled_in_training() -> None:
    train = labelled_words("train")
    for sentence in written_tags():
        assert not {word.lower() for word in sentence.words} & train, sentence.text
    known = set(THINGS["train"].split())
    for story in written_stories():
        assert not {word.lower() for word in story.answer.split()} & (known | train), story
        assert story.answer in story.text
    for made in stories("test", 200, 0):
        assert not {word.strip('.,!?"').lower() for word in made.text.split()} & (known | train), made.text


LITTLE = frozenset({"a", "an", "the", "her", "his", "my", "its", "their", "and", "some", "it", "on", "in"})
"""Words of an answer that may stand in any."""


def words_in(*texts: str) -> set[str]:
    return {word.strip('.,!?"').lower() for text in texts for word in text.split()}


def test_no_word_of_a_test_was_labelled_in_the_first_fifty(loaded: checkpoints.LoadedModel) -> None:
    """Neither test has a word that the fifty sentences give a tag, nor they one that has a tag in a test; answers alike."""
    tests = [*written_tags(), *generate("test", 300, 0)]
    mine = labelled_in(to_learn_from(loaded, "tag", 50, 0))
    theirs = labelled_words("test") | labelled_in(examples(loaded, "tag", "written", 150, 0))
    for sentence in tests:
        assert not words_in(*sentence.words) & mine, sentence.text
    for sentence in first_tags():
        assert not words_in(*sentence.words) & theirs, sentence.text
    answered = {
        word for one in (*written_stories(), *stories("test", 1000, 0)) for word in words_in(one.answer)
    }
    theirs |= set(f"{THINGS['test']} {COLOURS['test']}".split())
    for story in first_stories():
        assert not words_in(story.answer) & (answered | theirs) - LITTLE, story
    others = [*written_replies(), *replies("test", 1000, 0)]
    for pair in first_replies():
        assert not words_in(pair.question, pair.reply) & theirs, pair
        assert pair.question not in {one.question for one in others}
        assert pair.reply not in {one.reply for one in others}


def test_the_first_fifty_are_written_by_hand(loaded: checkpoints.LoadedModel) -> None:
    for task in TASKS:
        fifty = to_learn_from(loaded, task, 50, 0)
        assert len(fifty) == 50
        assert fifty == to_learn_from(loaded, task, 50, 7) == examples(loaded, task, "first", 60, 0)
        assert to_learn_from(loaded, task, 200, 0) == examples(loaded, task, "train", 200, 0)
        assert not {row.text for row in fifty} & {
            row.text for row in examples(loaded, task, "written", 150, 0)
        }
        if task in ("pair", "single"):
            assert sum(row.gold for row in fifty) == 25  # type: ignore[misc]


def test_pairs_are_balanced_and_a_reply_never_belongs_to_both() -> None:
    for found in (replies("train", 400, 0), written_replies()):
        assert sum(one.answers for one in found) * 2 == len(found)
    yes = {one.reply for one in written_replies() if one.answers}
    assert len(yes) == 50


def test_random_weights_stay_near_guessing(loaded: checkpoints.LoadedModel) -> None:
    """Leakage: what random weights get, they got from the templates. Measured on both tests; F1, or the share right."""
    most = {"tag": 0.3, "span": 0.2, "pair": 0.66, "single": 0.66}
    for task in TASKS:
        run = tune_fully(loaded, TaskSetting(task, 50, "full", pretrained=False)).run
        assert run.generated[-1][0] <= most[task], task
        assert run.written[-1][0] <= most[task], task
