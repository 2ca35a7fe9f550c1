"""A language model is paid for its texts: REINFORCE with the KL to the old model as a penalty.

A text x is worth r(x) − β · log(π(x) / π_old(x)): the reward less what it cost to leave the old model (Ziegler et al. 2019,
https://arxiv.org/abs/1909.08593, equation 2; InstructGPT's equation 2 without its pre-training term, Ouyang et al. 2022,
https://arxiv.org/abs/2203.02155). Its gradient is that of Williams 1992 (https://doi.org/10.1007/BF00992696):

    ∇ E[worth] = E[(worth − baseline) · ∇ log π(x)]

One step: 24 texts of at most 32 tokens after beginnings drawn by the seed; their worths less the mean of the batch, over its standard
deviation, are the advantages (the mean is the baseline: there is no critic); loss = −Σ advantage · log π(token) / tokens; AdamW.
InstructGPT uses PPO instead: several clipped updates a batch, a value network as baseline, and pre-training batches mixed in.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.alignment import kl, rewards
from components.lm.alignment.kl import Texts
from components.lm.fine_tuning.loop import marks
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    from torch import Tensor

    from components.lm.alignment.judge import Judge
    from components.lm.checkpoints import LoadedModel

BETAS = (0.0, 0.1, 0.3, 1.0)
"""Of the recorded tracks; for happy words the third is the model's own, see :data:`HELD`."""
LADDER = (0.25, 0.275, 0.3, 0.35, 0.4)
"""Values tried from below for the β that holds a model back: the first that fits is taken (:func:`held_back`)."""
HELD = {"nano": 0.35, "pocket": 0.275}
"""Which it is for happy words, by the size of the model."""
GAIN, MOST_KL, LEAST_PAIRS = (2.0, 5.0), 12.0, 0.7
"""What fits, at the end, as means of the seeds: reward above the untouched model, nats a text, share of word pairs that differ."""
SEEDS = (0, 1, 2)
MOMENTS = 9
"""How often a run is measured, its start and its end among them, evenly."""
BATCH, NEW_TOKENS, MEASURED_TOKENS = 24, 32, 40
RECIPES = {"nano": (24, 6e-4), "pocket": (36, 5e-4)}
"""Steps of a whole run and the rate of AdamW, by the size of the model. At a higher rate the text falls apart before it is paid more."""
MOMENTUM, CLIP = (0.9, 0.95), 1.0
MEASURED, SHOWN, MEASURE_SEED = 36, 3, 77
"""Texts of a measurement, and how many after one beginning are kept."""
PART = 8
"""Texts that go forward and backward at once, between two places where a training can be stopped."""
BEGINNINGS = (
    "Once upon a time there was a little girl named Lily.",
    "One day Tom went to the park with his dog.",
    "There was once a king who had three sons.",
    "Ben and Mia were playing in the garden.",
    "A small bird sat on a tree.",
    "The old woman lived alone in the forest.",
    "It was raining and Sam could not go out.",
    "The cat saw a mouse under the table.",
    "In a small village there lived a poor boy.",
    "Anna found a box in the kitchen.",
    "The bear woke up and was hungry.",
    "Mom and Dad took Max to the sea.",
)
HELD_OUT = (
    "One day Lucy lost her red ball.",
    "The little fox ran into the woods.",
    "Tim and his mother went to the market.",
    "There was an old man who had a donkey.",
    "The rabbit was afraid of the dark.",
    "Jack wanted to climb the big tree.",
)
"""Beginnings of the measured texts: none of them is trained on."""
KEPT = (0, 1, 2)
"""Held-out beginnings whose texts are kept."""


@dataclass(frozen=True)
class RewardSetting:
    """A run: what is paid for (``word``: the word of that reward, or the presses a judge learned from), how much leaving costs, and
    the seed of every draw."""

    kind: rewards.Kind
    beta: float
    seed: int = 0
    word: str = ""
    steps: int = RECIPES["nano"][0]

    def __post_init__(self) -> None:
        if not math.isfinite(self.beta) or self.beta < 0:
            raise ValueError("beta is a number from 0 up")

    def pays(self, text: str) -> float:
        """Return the reward of a text by a rule."""
        return rewards.reward(self.kind, text, self.word)


def betas_of(model: str, reward: str) -> tuple[float, ...]:
    """Return the four β of a model's recorded tracks for a reward of the page.

    >>> betas_of("nano-gpt", "happy"), betas_of("nano-gpt", "short")
    ((0.0, 0.1, 0.35, 1.0), (0.0, 0.1, 0.3, 1.0))
    """
    held = HELD.get(model.split("-")[0], BETAS[2]) if reward == "happy" else BETAS[2]
    return (BETAS[0], BETAS[1], held, BETAS[3])


@dataclass(frozen=True)
class End:
    """Where the runs of one β ended, as means of the seeds: ``gain`` in reward over the untouched model, ``kl`` in nats a text, and
    ``pairs``, the share of word pairs that differ."""

    beta: float
    gain: float
    kl: float
    pairs: float

    @property
    def fits(self) -> bool:
        """Whether the model is paid visibly more and still writes: what holds a model back is the smallest β with that."""
        return GAIN[0] <= self.gain <= GAIN[1] and self.kl < MOST_KL and self.pairs >= LEAST_PAIRS


def held_back(ends: Sequence[End]) -> float | None:
    """Return the smallest β that fits (it is paid the most), or None.

    >>> held_back([End(0.4, 2.1, 6.0, 0.8), End(0.3, 3.9, 10.7, 0.66), End(0.35, 2.7, 7.9, 0.73)])
    0.35
    """
    return min((end.beta for end in ends if end.fits), default=None)


def worth(reward: Sequence[float], log_ratio: Sequence[float], beta: float) -> list[float]:
    """Return reward − β · log(π/π_old) of every text; the second is a text's sum over its tokens.

    >>> worth([3, 1], [10, 0], 0.1)
    [2.0, 1.0]
    """
    return [r - beta * ratio for r, ratio in zip(reward, log_ratio, strict=True)]


def advantages(values: Sequence[float]) -> list[float]:
    """Return how much better than the batch every text is, in standard deviations (n − 1); all 0 where all are alike.

    >>> advantages([1, 2, 3]), advantages([0, 0, 0]), advantages([4])
    ([-1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0])
    """
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))
    # Below a millionth there is nothing but rounding to compare: a text is not better by that.
    return [(v - mean) / spread if spread > 1e-6 else 0.0 for v in values]


def policy_loss(log_probs: Tensor, texts: Texts, advantage: Sequence[float], tokens: int) -> Tensor:
    """Return −Σ advantage · log π(token) / ``tokens``; ``log_probs`` (written token,) carry the gradient.

    ``tokens``: of the whole batch, where it goes through the model in parts.
    """
    import torch

    each = torch.tensor([a for a, text in zip(advantage, texts.written, strict=True) for _ in text])
    loss: Tensor = -(each * log_probs).sum() / tokens
    return loss


@dataclass
class RewardRun:
    """What a run came to, one entry a moment, on 36 texts after beginnings it was not trained on.

    ``reward``, ``kl`` (nats a text), ``pairs`` (share of word pairs that differ), ``old_loss`` (nats a token, of the old model),
    ``tokens`` are means; ``seconds`` are of the training alone, without measuring; ``reward_error`` is the standard error of the reward's mean. ``texts``: of each kept beginning, each
    text as pieces, their log ratios, its KL and its reward. ``batch``: of the step that led to the moment, the mean reward and
    the mean log ratio.
    """

    setting: RewardSetting
    steps: list[int] = field(default_factory=list)
    reward: list[float] = field(default_factory=list)
    reward_error: list[float] = field(default_factory=list)
    kl: list[float] = field(default_factory=list)
    pairs: list[float] = field(default_factory=list)
    old_loss: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    texts: list[list[list[dict[str, Any]]]] = field(default_factory=list)
    batch: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def end_of_runs(runs: Sequence[Mapping[str, Any]]) -> End:
    """Return where recorded runs of one β ended (:meth:`RewardRun.as_json`)."""

    def mean(name: str, moment: int) -> float:
        return float(sum(run[name][moment] for run in runs) / len(runs))

    gain = mean("reward", -1) - mean("reward", 0)
    return End(
        runs[0]["setting"]["beta"], round(gain, 3), round(mean("kl", -1), 3), round(mean("pairs", -1), 4)
    )


def beginnings_of(loaded: LoadedModel, texts: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the token ids of beginnings, in the model's frame."""
    return [(*beginning_ids(loaded), *pieces(loaded, text)) for text in texts]


def end_of(loaded: LoadedModel) -> int | None:
    """Return the id of the token that ends a text."""
    end = loaded.tokenizer.eos_token_id
    return end if isinstance(end, int) else None


def said(loaded: LoadedModel, tokens: Sequence[int]) -> str:
    """Return written tokens as text, without the end's."""
    return str(loaded.tokenizer.decode([token for token in tokens if token != end_of(loaded)]))


def cut_at(loaded: LoadedModel, tokens: Sequence[int]) -> list[str]:
    """Return the text of each token so that together they are the text; a character of several tokens stands at its last."""
    found: list[str] = []
    before = ""
    for count in range(1, len(tokens) + 1):
        now = said(loaded, tokens[:count])
        if now.endswith("�") and count < len(tokens):
            found.append("")
            continue
        found.append(now[len(before) :])
        before = now
    return found


def _written(writing: Iterator[Texts | None]) -> Generator[None, None, Texts]:
    """Pass on the pauses of a writing, and return its texts."""
    for texts in writing:
        if texts is not None:
            return texts
        yield
    raise RuntimeError("a writing ends with its texts")


class Reinforce:
    """A model in training for a reward; the old model beside it is never changed."""

    def __init__(
        self,
        loaded: LoadedModel,
        setting: RewardSetting,
        rate: float | None = None,
        judge: Judge | None = None,
        moments: int = MOMENTS,
    ) -> None:
        """Begin with a copy of a model.

        Args:
            loaded: the model; it is not changed.
            setting: what is paid for, and how much leaving costs.
            rate: AdamW's; that of the model's size if None.
            judge: pays where presses do.
            moments: how often it is measured, its start and its end among them.
        """
        import torch

        self.setting, self._loaded, self._judge = setting, loaded, judge
        self.old = loaded.model.eval()
        # The reference is read in the same precision as the copy, so that both say the same before the first step.
        if next(self.old.parameters()).dtype != torch.float32:
            self.old = copy.deepcopy(self.old).float()
        self.model = copy.deepcopy(self.old).requires_grad_(True)
        size = loaded.card.name.split("-")[0]
        rate = rate or RECIPES.get(size, RECIPES["pocket"])[1]
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=rate, betas=MOMENTUM, weight_decay=0.0
        )  # fmt: skip
        self._generator = torch.Generator().manual_seed(setting.seed)
        self._drawn = random.Random(f"beginnings-{setting.seed}")
        self._beginnings = beginnings_of(loaded, BEGINNINGS)
        self._end = end_of(loaded)
        self.steps_done = 0
        self._batch = (0.0, 0.0)
        self.run = RewardRun(setting)
        self.moments = marks(setting.steps, moments)
        self._over = self._measuring = False
        self._parts = self._all()

    @property
    def fraction(self) -> float:
        """How far the run is, 0 to 1; at 1 it has been measured for the last time."""
        return 1.0 if self._over else min(0.99, self.steps_done / max(1, self.setting.steps))

    def part(self) -> None:
        """Do the next part of the run: some tokens, some texts, at most about 0.2 seconds of a pocket model."""
        began = time.thread_time()
        self._over = next(self._parts, "end") == "end"
        if not self._measuring:
            self.run.seconds += time.thread_time() - began

    def _paid(self, texts: Texts) -> list[float]:
        written = [said(self._loaded, text) for text in texts.written]
        if self._judge is None:
            return [self.setting.pays(text) for text in written]
        return self._judge.scores([said(self._loaded, one) for one in texts.beginnings], written)

    def finish(self) -> RewardRun:
        """Do what is left."""
        while self.fraction < 1:
            self.part()
        return self.run

    def _all(self) -> Iterator[None]:
        yield from self._measure()
        while self.steps_done < self.setting.steps:
            yield from self._step()
            if self.steps_done in self.moments:
                yield from self._measure()

    def _step(self) -> Iterator[None]:
        import torch

        self._measuring = False
        chosen = self._drawn.choices(self._beginnings, k=BATCH)
        texts = yield from _written(
            kl.writing(self.model, chosen, new_tokens=NEW_TOKENS, end=self._end, generator=self._generator)
        )
        paid = self._paid(texts)
        parts = [texts.part(start, start + PART) for start in range(0, len(texts), PART)]
        ratios: list[float] = []
        log_probs: list[Tensor] = []
        for part in parts:
            with torch.no_grad():
                old = kl.written_log_probs(kl.log_distributions(self.old, part), part)
            with torch.enable_grad():
                new = kl.written_log_probs(kl.log_distributions(self.model, part), part)
            ratios += [float(one.sum()) for one in kl.by_text(new.detach() - old, part)]
            log_probs.append(new)
            yield
        better = advantages(worth(paid, ratios, self.setting.beta))
        tokens = sum(map(len, texts.written))
        if any(better):
            for i, part in enumerate(parts):
                torch.autograd.backward(
                    policy_loss(log_probs[i], part, better[i * PART : (i + 1) * PART], tokens)
                )
                yield
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        self._batch = sum(paid) / len(paid), sum(ratios) / len(ratios)
        self.steps_done += 1
        yield

    def _measure(self) -> Iterator[None]:
        import torch

        self._measuring = True
        generator = torch.Generator().manual_seed(MEASURE_SEED)
        rows = beginnings_of(self._loaded, HELD_OUT) * (MEASURED // len(HELD_OUT))
        texts = yield from _written(
            kl.writing(self.model, rows, new_tokens=MEASURED_TOKENS, end=self._end, generator=generator)
        )
        found: list[kl.Distance] = []
        moved = self.model if self.steps_done else self.old  # before the first step both say the same
        for start in range(0, len(texts), PART):
            found.append(kl.distance(moved, self.old, texts.part(start, start + PART), batch=PART))
            yield
        self._keep(texts, found)
        yield

    def _keep(self, texts: Texts, found: Sequence[kl.Distance]) -> None:
        run, size = self.run, len(HELD_OUT)
        as_text = [said(self._loaded, text) for text in texts.written]
        paid = self._paid(texts)
        ratios = [one for part in found for one in part.log_ratios]
        each_kl = [one for part in found for one in part.kl]
        lengths = [len(text) for text in texts.written]
        mean = sum(paid) / len(paid)
        variance = sum((p - mean) ** 2 for p in paid) / (len(paid) - 1)
        surprise = sum(part.old_loss * sum(map(len, part.log_ratios)) for part in found)
        run.steps.append(self.steps_done)
        run.reward.append(round(mean, 3))
        run.reward_error.append(round(math.sqrt(variance / len(paid)), 3))
        run.kl.append(round(sum(each_kl) / len(each_kl), 3))
        run.pairs.append(round(rewards.distinct_pairs(as_text), 3))
        run.old_loss.append(round(surprise / sum(lengths), 3))
        run.tokens.append(round(sum(lengths) / len(lengths), 1))
        run.batch.append((round(self._batch[0], 3), round(self._batch[1], 3)))
        run.texts.append(
            [
                [
                    {
                        "pieces": cut_at(self._loaded, texts.written[row]),
                        "ratios": [round(x, 2) for x in ratios[row]],
                        "kl": round(each_kl[row], 2),
                        "reward": round(paid[row], 3),
                    }
                    for row in range(kept, kept + size * SHOWN, size)
                ]
                for kept in KEPT
            ]
        )
