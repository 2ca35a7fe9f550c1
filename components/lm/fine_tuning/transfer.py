"""How much of a pre-trained GPT is carried over: the runs of GPT-1's recipe on sentences about happy and sad things.

One run is a choice of what is carried over, of λ, and of a seed (split of the sentences, new weights, order of the batches).
It is measured at ten moments on the held-out sentences. The paper's own experiment is its section 5, "Impact of number of
layers transferred".
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.fine_tuning.generative import (
    SPECIAL,
    Form,
    GenerativeTask,
    Reading,
    Start,
    arrange,
    log_likelihood,
    read_rows,
    row_ids,
)
from components.lm.fine_tuning.loop import Loop, Recipe, marks
from components.lm.fine_tuning.samples import FEELINGS, read_feelings, split, swap_two
from components.lm.fine_tuning.sentences import Tagged, generate, joined
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from components.lm.checkpoints import LoadedModel

HELD_OUT = 60
SHOWN = 6
"""Held-out sentences whose every token's loss is kept."""
MOMENTS = 10
LAMBDAS = (0.0, 0.5)
"""λ of the auxiliary loss; GPT-1 uses 0.5."""
SEEDS = (0, 1, 2)
RATE, PASSES = 3e-4, 6
SWAP_TRAIN, SWAP_PAIRS, SWAP_PASSES = 1_000, 100, 3


@dataclass(frozen=True)
class Setting:
    """What a run is; ``examples`` limits the sentences it may learn from (0: all that are not held out)."""

    carried: int
    weight: float = 0.0
    seed: int = 0
    examples: int = 0


@dataclass
class TransferRun:
    """What a run came to, one entry a moment.

    ``probs``: of "happy", for every held-out sentence. ``l1``, ``l2``: means over the held-out sentences, in nats.
    ``token_losses``: L1 at the tokens of the first held-out sentences (moment, sentence, token from the second on).
    """

    setting: Setting
    steps: list[int] = field(default_factory=list)
    probs: list[list[float]] = field(default_factory=list)
    l1: list[float] = field(default_factory=list)
    l2: list[float] = field(default_factory=list)
    token_losses: list[list[list[float | None]]] = field(default_factory=list)
    seconds: float = 0.0

    def right(self, moment: int, labels: Sequence[str]) -> int:
        """Return how many held-out sentences a moment gets right."""
        return sum(
            (p > 0.5) == (label == FEELINGS[1]) for p, label in zip(self.probs[moment], labels, strict=True)
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def sentences(seed: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (for training, held out) of a seed."""
    return split(read_feelings(), HELD_OUT, seed)


def held_out_rows(loaded: LoadedModel, vocab_size: int, seed: int) -> list[list[int]]:
    """Return the held-out sentences of a seed as rows of token ids."""
    return [
        row_ids(arrange("classification", [text])[0], loaded, vocab_size) for text, _ in sentences(seed)[1]
    ]


class Transfer:
    """One run in progress: take steps until it is finished; it measures itself at its moments."""

    def __init__(self, loaded: LoadedModel, setting: Setting) -> None:
        self.setting = setting
        self.task = GenerativeTask(loaded, Start(setting.carried, setting.seed))
        train, test = sentences(setting.seed)
        train = train[: setting.examples or None]

        def rows(texts: Sequence[tuple[str, str]]) -> list[list[int]]:
            return [
                row_ids(arrange("classification", [text])[0], loaded, self.task.vocab_size)
                for text, _ in texts
            ]

        self.rows, self.labels = rows(train), [FEELINGS.index(label) for _, label in train]
        self.test_rows, self.test_labels = rows(test), [FEELINGS.index(label) for _, label in test]
        recipe = Recipe(RATE, PASSES, seed=setting.seed)
        self.loop = Loop(self.task.parameters(), self._loss, len(train), recipe)
        self.moments = marks(self.loop.steps, MOMENTS)
        self.run = TransferRun(setting)
        self._measure()

    def _loss(self, places: Sequence[int]) -> Any:
        return self.task.loss(
            [self.rows[i] for i in places], [self.labels[i] for i in places], self.setting.weight
        )

    def _measure(self) -> None:
        found, run = read_rows(self.task, self.test_rows, lm=True), self.run
        run.steps.append(self.loop.step)
        run.probs.append([round(p[1], 4) for p in found.probs])
        run.l2.append(round(mean_l2(found, self.test_labels), 4))
        run.l1.append(round(mean_l1(found), 4))
        run.token_losses.append(
            [[None if math.isnan(x) else round(x, 2) for x in row] for row in found.losses[:SHOWN]]
        )

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds += time.thread_time() - began
        if self.loop.step in self.moments:
            self._measure()


def mean_l2(found: Reading, labels: Sequence[int]) -> float:
    """Return the mean loss of the labels, in nats."""
    return -sum(math.log(max(p[y], 1e-12)) for p, y in zip(found.probs, labels, strict=True)) / len(labels)


def mean_l1(found: Reading) -> float:
    """Return the mean loss of the next token, in nats."""
    losses = [x for row in found.losses for x in row if not math.isnan(x)]
    return sum(losses) / len(losses)


def loss_on(task: GenerativeTask, text: str, width: int = 128) -> float:
    """Return the model's mean next-token loss on a plain text, in nats: what is left of the language model."""
    begin = beginning_ids(task.loaded)
    ids = pieces(task.loaded, text)
    rows = [[*begin, *ids[i : i + width]] for i in range(0, len(ids), width)]
    return round(mean_l1(read_rows(task, rows, lm=True)), 4)


def train_fully(
    loaded: LoadedModel, setting: Setting, tell: Callable[[int], None] = lambda step: None
) -> Transfer:
    """Return a finished run."""
    made = Transfer(loaded, setting)
    while not made.loop.finished:
        made.step()
        tell(made.loop.step)
    return made


# -- the rows of the four forms ------------------------------------------------------------------------------------------

EXAMPLES: dict[Form, tuple[str, ...]] = {
    "entailment": ("Tom gave Lily a red ball.", "Lily has a ball."),
    "similarity": ("The dog ran home.", "The puppy went back to its house."),
    "multiple_choice": (
        "Mia lost her kitten. What did she do?",
        "She looked for it.",
        "She ate it.",
        "She was a box.",
    ),
}
"""Texts of the forms that are shown and not trained here."""


def pieces_of(row: Sequence[int], tokenizer: PreTrainedTokenizerBase, vocab_size: int) -> list[str]:
    """Return a row of token ids as the texts of its tokens."""
    return [SPECIAL[i - vocab_size] if i >= vocab_size else tokenizer.decode([i]) for i in row]


def form_example(loaded: LoadedModel, form: Form) -> dict[str, Any]:
    """Return a form's example under the pre-trained model with a head that is new, drawn by seed 0 and not trained.

    ``rows``: tokens, and L1 at each from the second on. ``l2``: of the label, over ``choices`` of them; the first answer is the
    right one of a multiple choice, and the other two examples are labelled "yes".
    """
    import torch

    task = GenerativeTask(loaded, Start(loaded.model.config.n_layer))
    rows = [row_ids(row, loaded, task.vocab_size) for row in arrange(form, EXAMPLES[form])]
    found = read_rows(task, rows, lm=True)
    with torch.inference_mode():
        choices = task.choose(form, rows).log_softmax(-1)
    return {
        "form": form,
        "l2": round(-float(choices[0 if form == "multiple_choice" else 1]), 4),
        "choices": len(choices),
        "rows": [
            {
                "pieces": pieces_of(row, loaded.tokenizer, task.vocab_size),
                "losses": [None if math.isnan(x) else round(x, 2) for x in losses],
            }
            for row, losses in zip(rows, found.losses, strict=True)
        ],
    }


# -- a sentence, or two of its words exchanged ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SwapPair:
    """A sentence as it was written, and with two words exchanged."""

    real: str
    swapped: str


def swap_pairs(sentences_: Sequence[Tagged], seed: int) -> list[SwapPair]:
    """Return each sentence with two of its words exchanged."""
    rng = random.Random(f"swap-{seed}")
    return [SwapPair(joined(s.words), joined(swap_two(s.words, rng))) for s in sentences_]


def written_pairs(count: int, seed: int) -> list[SwapPair]:
    """Return pairs from the hand-written sentences about happy and sad things."""
    texts = split(read_feelings(), count, seed)[1]
    words = [(*tuple(text[:-1].replace(",", " ,").split()), text[-1]) for text, _ in texts]
    return swap_pairs([Tagged(w, ("O",) * len(w)) for w in words], seed)


def preferred(loaded: LoadedModel, pairs: Sequence[SwapPair]) -> list[bool]:
    """Return for each pair whether the pre-trained model finds the real sentence likelier; nothing is trained."""
    real = log_likelihood(loaded, [pair.real for pair in pairs])
    swapped = log_likelihood(loaded, [pair.swapped for pair in pairs])
    return [a > b for a, b in zip(real, swapped, strict=True)]


def train_on_swaps(loaded: LoadedModel, setting: Setting, count: int = SWAP_TRAIN) -> dict[str, Any]:
    """Train the head to say real or swapped; return its scores on new sentences of both kinds along the way."""
    task = GenerativeTask(loaded, Start(setting.carried, setting.seed))
    pairs = swap_pairs(generate("train", count // 2, setting.seed), setting.seed)
    texts = [text for pair in pairs for text in (pair.real, pair.swapped)]
    sets = {
        "generated": swap_pairs(generate("test", SWAP_PAIRS, 0), 0),
        "written": written_pairs(SWAP_PAIRS, 0),
    }

    def row(text: str) -> list[int]:
        return row_ids(arrange("classification", [text])[0], loaded, task.vocab_size)

    rows = [row(text) for text in texts]
    tests = {
        name: [row(text) for pair in found for text in (pair.real, pair.swapped)]
        for name, found in sets.items()
    }
    recipe = Recipe(RATE, SWAP_PASSES, seed=setting.seed)
    loop = Loop(task.parameters(), lambda places: task.loss([rows[i] for i in places], [i % 2 for i in places], setting.weight), len(rows), recipe)  # fmt: skip
    moments, seconds = marks(loop.steps, 7), 0.0
    history: dict[str, list[Any]] = {
        "steps": [],
        **{name: [] for name in tests},
        **{f"{name}_pairs": [] for name in tests},
    }
    while True:
        if loop.step in moments:
            history["steps"].append(loop.step)
            for name, test in tests.items():
                probs = [p[1] for p in read_rows(task, test).probs]
                history[name].append(sum((p > 0.5) == bool(i % 2) for i, p in enumerate(probs)))
                history[f"{name}_pairs"].append(sum(probs[i + 1] > probs[i] for i in range(0, len(probs), 2)))
        if loop.finished:
            return {"setting": asdict(setting), "seconds": round(seconds, 1), "history": history}
        began = time.thread_time()
        loop.take_step()
        seconds += time.thread_time() - began
