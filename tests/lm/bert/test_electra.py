"""ELECTRA: a drawn original is an original, the losses on a case by hand, no gradient through the draw, and how judges are scored."""

import math

import numpy as np
import pytest
import torch

from components.lm.bert.electra import (
    DISCRIMINATOR_WEIGHT,
    auc,
    auc_interval,
    corrupt,
    discriminator_of,
    draw,
    hits,
    losses,
)
from components.lm.transformer.model_size import fact_rows


def test_a_drawn_original_counts_as_original() -> None:
    """Section 2 of the paper, and the usual slip: what is compared are tokens, not places."""
    text = torch.tensor([[5, 6, 7, 8], [5, 6, 7, 8]])
    chosen = torch.tensor([[False, True, True, False], [True, False, False, False]])
    found = corrupt(text, chosen, torch.tensor([6, 9, 3]))
    assert found.input_ids.tolist() == [[5, 6, 9, 8], [3, 6, 7, 8]]
    assert found.replaced.tolist() == [[False, False, True, False], [True, False, False, False]]
    assert text.tolist() == [[5, 6, 7, 8], [5, 6, 7, 8]]


def test_losses_by_hand() -> None:
    """Two words at the generator's hidden place with odds 3 to 1; three judged places, one of them a fake."""
    generator = torch.tensor([[math.log(3.0), 0.0]])
    judged = torch.tensor([[0.0, math.log(3.0), -math.log(4.0), 99.0]])
    replaced = torch.tensor([[False, True, False, True]])
    counts = torch.tensor([[True, True, True, False]])
    found = losses(generator, torch.tensor([1]), judged, replaced, counts)
    assert found.generator.item() == pytest.approx(math.log(4.0))
    by_hand = (math.log(2.0) + math.log(4.0 / 3.0) + math.log(5.0 / 4.0)) / 3
    assert found.discriminator.item() == pytest.approx(by_hand)
    assert found.total.item() == pytest.approx(math.log(4.0) + 50 * by_hand)


def test_the_weight_is_the_papers() -> None:
    row = next(row for row in fact_rows("electra_facts") if row["item"] == "lambda (discriminator weight)")
    assert float(row["value"]) == DISCRIMINATOR_WEIGHT


@pytest.mark.parametrize("weight", [0.0, 1.0, 50.0])
def test_no_gradient_from_the_discriminator_to_the_generator(weight: float) -> None:
    """The generator's gradient is that of its own loss, whatever λ is; the discriminator's grows with λ."""
    torch.manual_seed(0)
    table = torch.nn.Parameter(torch.randn(4, 6))
    text, chosen = torch.randint(0, 6, (2, 5)), torch.zeros(2, 5, dtype=torch.bool)
    chosen[:, 1:3] = True
    given = corrupt(text, chosen, draw(table, torch.Generator().manual_seed(1)))
    judge = torch.nn.Parameter(torch.randn(6))
    found = losses(table, text[chosen], judge[given.input_ids], given.replaced, torch.ones_like(chosen), weight)  # fmt: skip
    found.total.backward()
    alone = table.detach().clone().requires_grad_()
    torch.nn.functional.cross_entropy(alone, text[chosen]).backward()
    torch.testing.assert_close(table.grad, alone.grad)
    (own,) = torch.autograd.grad(
        losses(table.detach(), text[chosen], judge[given.input_ids], given.replaced, torch.ones_like(chosen), 1.0).discriminator,
        judge,
    )  # fmt: skip
    torch.testing.assert_close(judge.grad, weight * own)


def test_draws_follow_the_distribution_and_the_seed() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]])).repeat(20_000, 1)
    drawn = draw(logits, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    # five standard deviations of the largest share
    assert torch.allclose(shares, torch.tensor([0.7, 0.2, 0.1]), atol=5 * math.sqrt(0.21 / 20_000))
    assert torch.equal(drawn, draw(logits, torch.Generator().manual_seed(0)))
    cold = draw(logits, torch.Generator().manual_seed(0), temperature=0.1)
    assert (cold == 0).float().mean() > 0.99


def test_auc_by_hand_and_against_all_pairs() -> None:
    assert auc([3.0, 2.0, 1.0], [True, False, False]) == 1.0
    assert auc([1.0, 2.0, 3.0], [True, False, False]) == 0.0
    assert auc([1.0, 1.0, 1.0], [True, False, False]) == 0.5
    rng = np.random.default_rng(0)
    scores, fake = rng.integers(0, 7, 60).astype(float), rng.random(60) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[fake] for b in scores[~fake]]
    assert auc(scores, fake) == pytest.approx(np.mean(pairs))
    assert math.isnan(auc([1.0], [True]))


def test_the_interval_holds_the_value_and_shrinks() -> None:
    rng = np.random.default_rng(1)

    def texts(n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        fakes = [rng.random(20) < 0.2 for _ in range(n)]
        return [f + rng.normal(0, 1.5, 20) for f in fakes], fakes

    few, many = auc_interval(*texts(20)), auc_interval(*texts(400))
    for value, low, high in (few, many):
        assert low < value < high
    assert many[2] - many[1] < few[2] - few[1]


def test_hits_are_among_the_k_most_suspicious() -> None:
    assert hits([0.9, 0.8, 0.1, 0.7], [True, False, False, True]) == 1
    assert hits([0.9, 0.8, 0.1, 0.95], [True, False, False, True]) == 2
    assert hits([0.5, 0.5, 0.5], [False, False, True]) == 0  # of equals the earlier one
    assert hits([0.5], [False]) == 0


def test_a_discriminator_begins_as_the_bert() -> None:
    """Same numbers after the last layer, to float32's rounding: the architectures differ in their heads only."""
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(0)
    config = BertConfig(vocab_size=90, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=20)  # fmt: skip
    bert = BertForPreTraining(config).eval()
    model = discriminator_of(bert).eval()
    ids = torch.randint(0, 90, (2, 12))
    kinds = torch.zeros_like(ids)
    kinds[:, 6:] = 1
    with torch.inference_mode():
        mine = model.electra(input_ids=ids, token_type_ids=kinds).last_hidden_state
        theirs = bert.bert(input_ids=ids, token_type_ids=kinds).last_hidden_state
        assert model(input_ids=ids).logits.shape == (2, 12)
    torch.testing.assert_close(mine, theirs)
