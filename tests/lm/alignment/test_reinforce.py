"""REINFORCE with a KL penalty: by hand, against autograd on the paper's objective, and what training may not touch."""

import hashlib
import random
from dataclasses import replace

import pytest
import torch

from components.lm import checkpoints
from components.lm.alignment import best_of_n
from components.lm.alignment import reinforce as lm
from components.lm.alignment.kl import Texts
from components.lm.alignment.reinforce import (
    Reinforce,
    RewardSetting,
    advantages,
    policy_loss,
    worth,
)
from components.pretraining.alignment import nothing_paid

nano = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)


def test_worth_and_advantages_by_hand() -> None:
    assert worth([4, 0], [2, -1], 0.5) == [3, 0.5]
    assert advantages([1, 3]) == pytest.approx([-(2**-0.5), 2**-0.5])
    rng = random.Random(0)
    found = advantages([rng.random() for _ in range(24)])
    assert sum(found) == pytest.approx(0, abs=1e-9)
    assert sum(a * a for a in found) / 23 == pytest.approx(1)
    assert advantages([0.1 + 1e-9, 0.1, 0.1]) == [0, 0, 0]


def test_the_loss_by_hand() -> None:
    """Two texts of two tokens and one: −(2 (log p₁ + log p₂) − log p₃) / 3."""
    texts = Texts(((1,), (1,)), ((4, 5), (6,)))
    log_probs = torch.tensor([-1.0, -2.0, -3.0], requires_grad=True)
    loss = policy_loss(log_probs, texts, [2, -1], 3)
    assert float(loss.detach()) == pytest.approx(-(2 * -3 - -3) / 3)
    loss.backward()
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == pytest.approx([-2 / 3, -2 / 3, 1 / 3])


def test_the_gradient_is_that_of_the_papers_objective() -> None:
    """InstructGPT's equation 2 without its last term, J = Σ π(x) (r(x) − β log π(x)/π_old(x)), differentiated by torch.

    Texts are one token of four, and the batch holds each as often as the model writes it, so that nothing is left to the draw.
    """
    beta, paid = 0.7, torch.tensor([3.0, -1.0, 0.5, 2.0])
    old = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    share = [4, 1, 2, 3]
    logits = (torch.tensor(share) / 10).log().requires_grad_()
    log_pi = logits.log_softmax(-1)
    objective = (log_pi.exp() * (paid - beta * (log_pi - old))).sum()
    (wanted,) = torch.autograd.grad(objective, logits)

    batch = [token for token, count in enumerate(share) for _ in range(count)]
    texts = Texts(tuple((9,) for _ in batch), tuple((token,) for token in batch))
    log_probs = logits.log_softmax(-1)[torch.tensor(batch)]
    ratios = (log_probs - old[torch.tensor(batch)]).tolist()
    values = worth([float(paid[token]) for token in batch], ratios, beta)
    mean = sum(values) / len(values)
    policy_loss(log_probs, texts, [v - mean for v in values], len(batch)).backward()
    assert logits.grad is not None
    assert torch.allclose(-logits.grad, wanted, atol=1e-5)
    # The advantages of a step are these over their standard deviation: the same direction.
    spread = torch.tensor(values).std()
    assert torch.allclose(
        torch.tensor(advantages(values)), torch.tensor([v - mean for v in values]) / spread, atol=1e-5
    )


def test_the_best_policy_goes_to_the_old_one_as_beta_grows() -> None:
    """Gradient steps on three texts end at π ∝ π_old · exp(r/β); with a large β that is the old model."""
    old, paid = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.0, 1.0, 2.0])
    for beta in (0.5, 2.0, 1e4):
        logits = old.log().clone().requires_grad_()
        for _ in range(600):
            log_pi = logits.log_softmax(-1)
            values = paid - beta * (log_pi.detach() - old.log())
            baseline = (log_pi.exp().detach() * values).sum()
            loss = -(log_pi.exp().detach() * (values - baseline) * log_pi).sum() / max(1, beta)
            loss.backward()
            assert logits.grad is not None
            with torch.no_grad():
                logits -= 0.5 * logits.grad
            logits.grad = None
        tilted = old * (paid / beta).exp()
        assert torch.allclose(logits.detach().softmax(-1), tilted / tilted.sum(), atol=1e-3)
    assert torch.allclose(logits.detach().softmax(-1), old, atol=1e-3)


def digest(model: torch.nn.Module) -> str:
    found = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def loaded() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-gpt", "generation")


@nano
def test_a_run_moves_its_copy_and_leaves_the_old_model(loaded: checkpoints.LoadedModel) -> None:
    before = digest(loaded.model)
    run = Reinforce(loaded, RewardSetting("happy", 0.0, steps=6))
    found = run.finish()
    assert digest(loaded.model) == digest(run.old) == before != digest(run.model)
    assert found.steps == [0, 1, 2, 3, 4, 5, 6]
    assert found.kl[0] == 0 < found.kl[3] < found.kl[-1]
    assert found.reward[-1] > found.reward[0] + 2 * found.reward_error[0]
    assert found.seconds < 30
    for texts in (texts for moment in found.texts for texts in moment):
        for text in texts:
            assert len(text["pieces"]) == len(text["ratios"]) <= lm.MEASURED_TOKENS
            assert text["kl"] >= 0
            assert text["reward"] == RewardSetting("happy", 0.0).pays("".join(text["pieces"]))
    again = Reinforce(loaded, RewardSetting("happy", 0.0, steps=1)).finish()
    assert again.texts == found.texts[:2], "the same seed writes the same"


@nano
def test_a_large_beta_stays_near_and_a_word_never_found_teaches_nothing(
    loaded: checkpoints.LoadedModel,
) -> None:
    """What is left at β = 10,000 is the size of a step: with 24 texts the sign of a difference is mostly noise."""
    free, held = (
        Reinforce(loaded, RewardSetting("happy", beta, steps=9)).finish().kl[-1] for beta in (0.0, 1e4)
    )
    assert held < 0.1 * free
    run = Reinforce(loaded, RewardSetting("word", 0.3, word="xylophonist", steps=2))
    before = digest(run.model)
    assert set(run.finish().kl) == {0}
    assert digest(run.model) == before
    # So a run stands for those of every other β: the recorder makes it once.
    other = Reinforce(loaded, RewardSetting("word", 0.0, word="xylophonist", steps=2)).finish()
    assert nothing_paid(other.as_json())
    assert {**other.as_json(), "setting": 0, "seconds": 0} == {
        **run.run.as_json(),
        "setting": 0,
        "seconds": 0,
    }


@nano
def test_pieces_join_to_the_text(loaded: checkpoints.LoadedModel) -> None:
    for text in ("Once upon a time.", "안녕하세요 👩‍👩‍👧‍👦", "<script>"):
        ids = lm.beginnings_of(loaded, [text])[0]
        assert "".join(lm.cut_at(loaded, ids)) == lm.said(loaded, ids)


@pytest.mark.parametrize("beta", [-1, float("nan"), float("inf")])
def test_a_beta_that_is_none_is_refused(beta: float) -> None:
    with pytest.raises(ValueError, match="beta"):
        RewardSetting("happy", beta)


def test_what_holds_a_model_back_is_the_smallest_beta_that_fits() -> None:
    """Paid 2 to 5 more, a KL under 12, at least 0.7 of the word pairs different; one that fits in two of the three is passed over."""
    good = lm.End(0.3, 3.0, 8.0, 0.75)
    assert good.fits
    for bad in ({"gain": 1.9}, {"gain": 5.1}, {"kl": 12.0}, {"pairs": 0.69}):
        assert not replace(good, beta=0.1, **bad).fits
        assert lm.held_back([replace(good, beta=0.1, **bad), good, replace(good, beta=0.4)]) == 0.3
        assert lm.held_back([replace(good, **bad)]) is None
    for edge in ({"gain": 2.0}, {"gain": 5.0}, {"pairs": 0.7}):
        assert replace(good, **edge).fits


def test_where_runs_end_is_the_mean_of_their_seeds() -> None:
    def run(seed: int, reward: list[float]) -> dict[str, object]:
        setting = {"beta": 0.3, "seed": seed}
        return {"setting": setting, "reward": reward, "kl": [0, 4.0 + seed], "pairs": [0.9, 0.7 + 0.1 * seed]}

    assert lm.end_of_runs([run(0, [-1, 2]), run(1, [-1, 4])]) == lm.End(0.3, 4.0, 4.5, 0.75)


def test_no_beginning_is_both_trained_on_and_measured() -> None:
    assert not set(lm.BEGINNINGS) & set(lm.HELD_OUT)


@nano
def test_the_best_of_more_texts_is_paid_more_at_a_kl_that_is_a_formula(
    loaded: checkpoints.LoadedModel,
) -> None:
    found = best_of_n.curve(loaded, RewardSetting("happy", 0.0), drawn=8)
    assert [row["n"] for row in found] == [1, 2, 4, 8]
    assert [row["reward"] for row in found] == sorted(row["reward"] for row in found)
    assert found[0]["reward"] < found[-1]["reward"]
    assert found[2]["kl"] == 0.6363
