"""A language model of children's stories reads encyclopedia articles: what it then says, and what it has lost.

Sixty steps of eight rows of 128 tokens. The remedies are those of ``forgetting`` that need nothing but the texts: nothing,
replay (a share of the rows are stories again), and the pull to the old weights. A model with random weights reads the same rows.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.fine_tuning.forgetting import pull
from components.lm.fine_tuning.generative import draw_anew
from components.lm.fine_tuning.loop import Loop, Recipe
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    from torch import Tensor

    from components.lm.checkpoints import LoadedModel

STEPS, ROWS, WIDTH, RATE = 60, 8, 128, 4e-3
"""At a rate of 1e-3 this model loses nothing in thirty steps; the rate makes it forget."""
MOMENTS = (0, 5, 10, 20, 40, 60)
TEST_ROWS = 40
NEW_TOKENS = 32
PROMPTS = (
    "Once upon a time, there was a little girl named Lily.",
    "One day, Tom and his dog went to the park.",
)


@dataclass(frozen=True)
class ReadingSetting:
    """``replay``: the share of rows that are stories; ``strength``: of the pull to the old weights.

    ``pretrained`` False begins from random weights.
    """

    replay: float = 0.0
    strength: float = 0.0
    seed: int = 0
    pretrained: bool = True


SETTINGS = (
    ReadingSetting(),
    ReadingSetting(0.05),
    ReadingSetting(0.25),
    ReadingSetting(0.0, 0.02),
    ReadingSetting(pretrained=False),
)


@dataclass
class ReadingRun:
    """One entry a moment: mean losses in nats a token on held-out texts, and how each prompt goes on (always the likeliest token)."""

    setting: ReadingSetting
    steps: list[int] = field(default_factory=list)
    stories: list[float] = field(default_factory=list)
    articles: list[float] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def rows_of(loaded: LoadedModel, texts: Sequence[str], count: int) -> list[list[int]]:
    """Return the texts one after the other, each after the beginning-of-text token, cut into ``count`` rows of equal length.

    Raises:
        ValueError: there is too little text.
    """
    begin, ids = beginning_ids(loaded), []
    for text in texts:
        ids += [*begin, *pieces(loaded, text)]
        if len(ids) >= count * WIDTH:
            return [ids[i * WIDTH : (i + 1) * WIDTH] for i in range(count)]
    raise ValueError(f"{len(ids)} tokens, {count * WIDTH} are needed")


def mixed(
    articles: Sequence[list[int]], stories: Sequence[list[int]], share: float, seed: int
) -> list[list[int]]:
    """Return the articles' rows with a share of them, drawn by the seed, replaced by rows of stories."""
    places = random.Random(f"mix-{seed}").sample(range(len(articles)), round(share * len(articles)))
    found = list(articles)
    for place, row in zip(places, stories, strict=False):
        found[place] = row
    return found


class Reading:
    """A model that reads on, a step at a time."""

    def __init__(
        self,
        loaded: LoadedModel,
        setting: ReadingSetting,
        rows: Sequence[list[int]],
        tests: tuple[Sequence[list[int]], Sequence[list[int]]],
    ) -> None:
        """Begin; ``rows`` are read, ``tests`` are held-out rows of stories and of articles."""
        import torch

        self._loaded, self._rows, self._tests = loaded, rows, tests
        self.model = copy.deepcopy(loaded.model).float().eval()
        self.model.requires_grad_(True)
        if not setting.pretrained:
            draw_anew(self.model, torch.Generator().manual_seed(setting.seed))
        self._weights = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.loop = Loop(
            list(self.model.parameters()),
            self._loss,
            len(rows),
            Recipe(RATE, 1, batch=ROWS, seed=setting.seed),
        )
        self.run = ReadingRun(setting)
        self._measure()

    def _losses(self, rows: Sequence[list[int]]) -> Tensor:
        import torch

        ids = torch.tensor(rows)
        logits = self.model(ids).logits[:, :-1]
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())

    def _loss(self, places: Sequence[int]) -> Any:
        loss = self._losses([self._rows[i] for i in places])
        strength = self.run.setting.strength
        return loss + pull(self.model, self._weights, strength) if strength else loss

    def _goes_on(self, prompt: str) -> str:
        import torch

        ids = [*beginning_ids(self._loaded), *pieces(self._loaded, prompt)]
        first = len(ids)
        for _ in range(NEW_TOKENS):
            ids.append(int(self.model(torch.tensor([ids])).logits[0, -1].argmax()))
        return str(self._loaded.tokenizer.decode(ids[first:]))

    def _measure(self) -> None:
        import torch

        with torch.inference_mode():
            self.run.steps.append(self.loop.step)
            for found, rows in zip((self.run.stories, self.run.articles), self._tests, strict=True):
                parts = [float(self._losses(rows[i : i + 8])) for i in range(0, len(rows), 8)]
                found.append(round(sum(parts) / len(parts), 4))
            self.run.texts.append([self._goes_on(prompt) for prompt in PROMPTS])

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds += time.thread_time() - began
        if self.loop.step in MOMENTS:
            self._measure()
