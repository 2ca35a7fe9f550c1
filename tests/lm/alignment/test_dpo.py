"""DPO against a case by hand, against the formula of the paper with autograd, and against a plain model."""

import math

import pytest

from components.lm import checkpoints
from components.lm.alignment import dpo
from components.lm.alignment import preferences as lm

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)


def test_a_case_by_hand() -> None:
    """Better story up by 2 nats, worse one down by 3, β 0.1: -log σ(0.5). Nothing moved: log 2."""
    now, before = torch.tensor([-10.0]), torch.tensor([-12.0])
    worse_now, worse_before = torch.tensor([-20.0]), torch.tensor([-17.0])
    loss = dpo.dpo_loss(now, worse_now, before, worse_before, 0.1)
    assert float(loss) == pytest.approx(-math.log(1 / (1 + math.exp(-0.5))), abs=1e-6)
    assert float(dpo.dpo_loss(before, worse_before, before, worse_before, 0.1)) == pytest.approx(
        math.log(2), abs=1e-6
    )


def test_only_the_difference_counts() -> None:
    """Both down by 30 nats: the loss is the same. This is why the better ones can fall."""
    chosen, rejected, old = torch.tensor([1.0]), torch.tensor([-4.0]), torch.tensor([0.0])
    loss = dpo.dpo_loss(chosen, rejected, old, old, 0.1)
    assert torch.allclose(loss, dpo.dpo_loss(chosen - 30, rejected - 30, old, old, 0.1), atol=1e-6)


def test_the_gradient_is_the_papers() -> None:
    """∇ = -β·σ(r̂ worse - r̂ better)·(∇log π better - ∇log π worse) (Rafailov et al. 2023, section 4)."""
    torch.manual_seed(0)
    better, worse = (torch.randn(4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    better_before, worse_before = torch.randn(2, 4, dtype=torch.float64)
    dpo.dpo_loss(better, worse, better_before, worse_before, 0.3).backward()
    reward_better, reward_worse = 0.3 * (better - better_before), 0.3 * (worse - worse_before)
    weight = torch.sigmoid(reward_worse - reward_better).detach() / 4
    assert torch.allclose(better.grad, -0.3 * weight)
    assert torch.allclose(worse.grad, 0.3 * weight)


@pytest.fixture(scope="module")
def nano() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-gpt", "generation")


@pytest.fixture(scope="module")
def pairs(nano: checkpoints.LoadedModel) -> list[dpo.Pair]:
    start = tuple(lm.prompt_ids(nano, "One day, Tom"))
    texts = [(" was happy and laughed.", " cried all day."), (" saw a friend.", " was sad and alone.")]
    return [
        dpo.Pair(start, *(tuple(nano.tokenizer(text, add_special_tokens=False).input_ids) for text in both))
        for both in texts
    ] * 5


def test_log_probabilities_are_those_of_a_plain_model(
    nano: checkpoints.LoadedModel, pairs: list[dpo.Pair]
) -> None:
    found = dpo.measured(nano.model, pairs[:2])
    for i, pair in enumerate(pairs[:2]):
        for k, story in enumerate((pair.chosen, pair.rejected)):
            with torch.inference_mode():
                scores = nano.model(torch.tensor([[*pair.beginning, *story]])).logits[0].log_softmax(-1)
            own = scores[len(pair.beginning) - 1 : -1].gather(1, torch.tensor(story)[:, None])
            assert float(found[k, i]) == pytest.approx(float(own.sum()), abs=1e-4)


def test_the_step_is_the_formula_with_autograd(nano: checkpoints.LoadedModel, pairs: list[dpo.Pair]) -> None:
    """Loss of a batch, supervised term included, against a plain loop over single rows."""
    made = dpo.Preferring(nano.model, pairs, dpo.DpoSetting(0.5), prompts=[list(pairs[0].beginning)])
    while made._work is not None:
        made.step()
    places = made.loop.batch()
    with torch.enable_grad():
        loss = made._loss(places)
    losses, own, tokens = [], 0.0, 0
    for place in places:
        pair = pairs[place]
        now, old = (
            [
                dpo.log_probs(model, [(pair.beginning, story)]).detach().item()
                for story in (pair.chosen, pair.rejected)
            ]
            for model in (made.model, nano.model)
        )
        losses.append(math.log(1 + math.exp(-dpo.BETA * ((now[0] - old[0]) - (now[1] - old[1])))))
        own, tokens = own + now[0], tokens + len(pair.chosen)
    assert float(loss.detach()) == pytest.approx(sum(losses) / len(losses) - 0.5 * own / tokens, abs=1e-5)


def test_it_learns_and_the_untouched_model_stays(
    nano: checkpoints.LoadedModel, pairs: list[dpo.Pair]
) -> None:
    before = {name: p.detach().clone() for name, p in nano.model.named_parameters()}
    prompts = [list(pairs[0].beginning)]
    made = dpo.Preferring(nano.model, pairs, dpo.DpoSetting(), prompts=prompts, held_out=pairs[:2]).finish()
    assert all(torch.equal(p, before[name]) for name, p in nano.model.named_parameters())
    run = made.run
    assert run.steps == sorted(run.steps)
    assert run.steps[0] == 0
    assert run.steps[-1] == made.loop.steps
    assert run.chosen[0] == run.rejected[0] == 0
    assert run.chosen[-1] > run.rejected[-1]
    assert run.losses[0] == pytest.approx(math.log(2), abs=1e-4)
    assert run.losses[-1] < run.losses[0]
    assert len(run.held_chosen) == len(run.steps) == len(run.stories)
    again = (
        dpo.Preferring(nano.model, pairs, dpo.DpoSetting(), prompts=prompts, held_out=pairs[:2]).finish().run
    )
    assert again.losses == run.losses
    assert again.stories == run.stories


def test_the_supervised_term_holds_up_the_better_ones(
    nano: checkpoints.LoadedModel, pairs: list[dpo.Pair]
) -> None:
    prompts = [list(pairs[0].beginning)]
    plain, held = (
        dpo.Preferring(nano.model, pairs, dpo.DpoSetting(weight), prompts=prompts).finish().run
        for weight in (0.0, dpo.SUPERVISED)
    )
    assert held.chosen[-1] > plain.chosen[-1]
