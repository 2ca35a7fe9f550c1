"""GPT-1's recipe: the rows of figure 1, the losses of equations 3 to 5, and what is carried over."""

import math

import pytest
import torch

from components.lm import checkpoints
from components.lm.fine_tuning.generative import (
    FORMS,
    SPECIAL,
    Form,
    GenerativeTask,
    Start,
    arrange,
    log_likelihood,
    read_rows,
    row_ids,
)
from components.lm.fine_tuning.transfer import Setting, Transfer, train_fully

pytestmark = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)


@pytest.fixture(scope="module")
def loaded() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-gpt", "generation")


def test_the_four_forms_are_those_of_the_papers_figure() -> None:
    s, d, e = SPECIAL
    assert arrange("classification", ["a"]) == [[s, "a", e]]
    assert arrange("entailment", ["p", "h"]) == [[s, "p", d, "h", e]]
    assert arrange("similarity", ["a", "b"]) == [[s, "a", d, "b", e], [s, "b", d, "a", e]]
    assert arrange("multiple_choice", ["c", "x", "y"]) == [[s, "c", d, "x", e], [s, "c", d, "y", e]]
    for form in FORMS:
        with pytest.raises(ValueError, match=form):
            arrange(form, [])


def test_every_form_reads_its_rows_as_the_paper_draws_it(loaded: checkpoints.LoadedModel) -> None:
    """The head's scores of one row; of the sum of both orders; of each answer's row. 1e-5 is the rounding of float32 sums."""
    task = GenerativeTask(loaded, Start(loaded.model.config.n_layer))
    task.head.bias.data = torch.tensor([0.5, -0.25])

    def rows(form: Form, *texts: str) -> list[list[int]]:
        return [row_ids(row, loaded, task.vocab_size) for row in arrange(form, texts)]

    def last(row: list[int]) -> torch.Tensor:
        return task._vectors(torch.tensor([row]))[0, -1]

    with torch.inference_mode():
        (one,) = rows("entailment", "Tom ran.", "Tom moved.")
        assert torch.allclose(task.choose("entailment", [one]), task.head(last(one)), atol=1e-5)
        both = rows("similarity", "Tom ran.", "He left.")
        summed = task.head(last(both[0]) + last(both[1]))
        assert torch.allclose(task.choose("similarity", both), summed, atol=1e-5)
        assert torch.allclose(task.choose("similarity", both[::-1]), summed, atol=1e-5)
        answers = rows("multiple_choice", "Who ran?", "Tom.", "A box.", "Nobody.")
        found = task.choose("multiple_choice", answers)
        assert torch.allclose(found, torch.stack([task.head(last(row))[0] for row in answers]), atol=1e-5)


def test_the_losses_are_those_of_a_plain_loop(loaded: checkpoints.LoadedModel) -> None:
    """L3 = L2 + λ·L1, written out with the original model's own forward pass; 1e-5 is the rounding of float32 sums."""
    layers = loaded.model.config.n_layer
    task = GenerativeTask(loaded, Start(layers))
    texts, labels = ["Tom was glad.", "The little dog ran away and cried."], [1, 0]
    rows = [row_ids(arrange("classification", [text])[0], loaded, task.vocab_size) for text in texts]
    l1, l2 = [], []
    for row, label in zip(rows, labels, strict=True):
        vectors = torch.stack(
            [
                task.special[i - task.vocab_size]
                if i >= task.vocab_size
                else loaded.model.transformer.wte.weight[i]
                for i in row
            ]
        )
        hidden = loaded.model.transformer(inputs_embeds=vectors[None]).last_hidden_state[0]
        l2.append(-task.head(hidden[-1]).log_softmax(-1)[label])
        logprobs = loaded.model.lm_head(hidden).log_softmax(-1)
        l1 += [-logprobs[i, row[i + 1]] for i in range(len(row) - 2)]  # the last target is [extract]
    expected = torch.stack(l2).mean() + 0.5 * torch.stack(l1).mean()
    assert float(task.loss(rows, labels, 0.5).detach()) == pytest.approx(float(expected.detach()), abs=1e-5)
    assert float(task.loss(rows, labels, 0.0).detach()) == pytest.approx(
        float(torch.stack(l2).mean().detach()), abs=1e-5
    )
    task.loss(rows, labels, 0.5).backward()
    assert task.special.grad is not None
    assert task.special.grad[1].abs().sum() == 0  # no [delim] in a classification


def test_what_is_carried_over(loaded: checkpoints.LoadedModel) -> None:
    old = loaded.model.transformer.state_dict()
    for carried in (-1, 0, 2, loaded.model.config.n_layer):
        task = GenerativeTask(loaded, Start(carried))
        same = {
            name
            for name, weight in task.body.state_dict().items()
            if torch.equal(weight, old[name].float()) and weight.dim() > 1
        }
        assert ("wte.weight" in same) == ("wpe.weight" in same) == (carried >= 0)
        for layer in range(loaded.model.config.n_layer):
            assert (f"h.{layer}.attn.c_attn.weight" in same) == (layer < carried)
    with pytest.raises(ValueError, match="layers"):
        GenerativeTask(loaded, Start(99))


def test_padding_changes_nothing(loaded: checkpoints.LoadedModel) -> None:
    task = GenerativeTask(loaded, Start(loaded.model.config.n_layer))
    rows = [
        row_ids(arrange("classification", [text])[0], loaded, task.vocab_size)
        for text in ("Yes.", "A long row " * 9)
    ]
    alone, both = read_rows(task, rows[:1], lm=True), read_rows(task, rows, lm=True)
    assert alone.probs[0] == pytest.approx(both.probs[0], abs=1e-5)
    assert [x for x in alone.losses[0] if not math.isnan(x)] == pytest.approx(
        [x for x in both.losses[0] if not math.isnan(x)], abs=1e-4
    )


def test_the_shared_model_is_not_touched(loaded: checkpoints.LoadedModel) -> None:
    before = {name: weight.clone() for name, weight in loaded.model.state_dict().items()}
    done = train_fully(loaded, Setting(1, 0.5, 0, examples=16))
    assert done.loop.finished
    assert all(torch.equal(weight, before[name]) for name, weight in loaded.model.state_dict().items())


def test_stopping_and_going_on_equals_not_stopping(loaded: checkpoints.LoadedModel) -> None:
    whole = train_fully(loaded, Setting(2, 0.0, 1, examples=32)).run
    stopped = Transfer(loaded, Setting(2, 0.0, 1, examples=32))
    for _ in range(5):
        stopped.step()
    other = train_fully(loaded, Setting(0, 0.0, 7, examples=16)).run  # something else trains meanwhile
    while not stopped.loop.finished:
        stopped.step()
    assert stopped.run.probs == whole.probs
    assert stopped.run.l1 == whole.l1
    assert other.probs != whole.probs


def test_any_text_becomes_a_row(loaded: checkpoints.LoadedModel) -> None:
    for text in ("", "안녕하세요", "안녕하세요", "👨‍👩‍👧", "مرحبا", "<script>alert(1)</script>"):
        ids = row_ids(arrange("classification", [text])[0], loaded, 2048)
        assert ids[0] == 2048
        assert ids[-1] == 2050


def test_likelihood_is_the_sum_of_the_tokens(loaded: checkpoints.LoadedModel) -> None:
    text = "The cat sat on the mat."
    ids = torch.tensor([[loaded.tokenizer.bos_token_id, *loaded.tokenizer.encode(text)]])
    with torch.inference_mode():
        loss = loaded.model(ids, labels=ids).loss
    assert log_likelihood(loaded, [text])[0] == pytest.approx(-float(loss) * (ids.shape[1] - 1), abs=1e-3)
