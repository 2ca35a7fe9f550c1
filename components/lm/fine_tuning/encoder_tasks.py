"""BERT's four kinds of tasks (Devlin et al. 2019, figure 4): tags, a span, a pair of sentences, a single sentence.

All that is new is one linear layer: over every word (its first piece) for tags, a start and an end score over every token
of the text for a span, over the pooled vector of [CLS] for one or two sentences.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from components.lm.fine_tuning.adapters import BOTTLENECK, add_adapters
from components.lm.fine_tuning.generative import draw_anew
from components.lm.fine_tuning.loop import Loop, Recipe
from components.lm.fine_tuning.lora import RANK, TARGETS, add_lora
from components.lm.fine_tuning.samples import reads_as_well, swap_two
from components.lm.fine_tuning.scores import wilson
from components.lm.fine_tuning.sentences import (
    TAGS,
    Side,
    Tagged,
    first_tags,
    generate,
    joined,
    written_tags,
)
from components.lm.fine_tuning.stories import (
    first_replies,
    first_stories,
    replies,
    stories,
    written_replies,
    written_stories,
)
from components.lm.reading import Reading, frame_ids, pieces, read

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions as ModelOutput

    from components.lm.checkpoints import LoadedModel

Task = Literal["tag", "span", "pair", "single"]
TASKS: tuple[Task, ...] = ("tag", "span", "pair", "single")
Way = Literal["full", "lora", "head", "adapter"]
WAYS: tuple[Way, ...] = ("full", "lora", "head")
"""What is trained: everything, LoRA's changes and the head, or the head alone. ``adapter`` trains adapters and the head."""
SIZES = (50, 200, 1000)
"""Labelled examples to learn from: fifty are written by hand, more come from the generators (``to_learn_from``)."""
PASSES = {50: 12, 200: 6, 1000: 3}
WRONG_LABELS: dict[str, int] = {"tag": 0, "span": 0, "pair": 0, "single": 0}
"""Of 100 generated examples of each task (50 for training, 50 for the test, seed 11), read one by one: those with a wrong or doubtful
label. Another 50 for training (seed 0) were read too; what was wrong in them the generators no longer make."""
LONGEST_ANSWER = 12
"""Tokens of a span at most."""
Said = list[int] | tuple[int, int] | float
"""An answer: a tag a word, the first and last token of a span, or p(yes)."""
_NEVER = -1e4


def rate(task: Task, way: Way, pretrained: bool) -> float:
    """Return the peak rate: found by trying, per kind of task and start."""
    if way != "full":
        return 1e-2 if way == "head" else 3e-3
    return 1e-3 if task in ("tag", "span") else 3e-4 if pretrained else 5e-4


@dataclass(frozen=True)
class Example:
    """One example as the model reads it.

    ``gold``: the tag of each word, the (first, last) tokens of every right span, or the class.
    ``heads``: places of the tokens that the head reads, for tags those of the words' first pieces.
    """

    input_ids: tuple[int, ...]
    token_type_ids: tuple[int, ...]
    gold: tuple[int, ...] | tuple[tuple[int, int], ...] | int
    heads: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    text: str = ""
    second: str = ""
    offsets: tuple[tuple[int, int], ...] = field(default=(), repr=False)


def tag_example(loaded: LoadedModel, sentence: Tagged) -> Example:
    """Return a sentence with a tag a word as one row; the head reads each word at its first piece."""
    before, after = frame_ids(loaded)
    ids, heads = list(before), []
    for word in sentence.words:
        heads.append(len(ids))
        ids += pieces(loaded, word) or (int(loaded.tokenizer.unk_token_id),)
    ids += after
    gold = tuple(TAGS.index(tag) for tag in sentence.tags)
    return Example(tuple(ids), (0,) * len(ids), gold, tuple(heads), sentence.words, sentence.text)


def span_example(loaded: LoadedModel, text: str, question: str, answer: str) -> Example:
    """Return question and text as one row, with every place of the answer in the text.

    Raises:
        ValueError: the answer is no run of whole tokens of the text.
    """
    given = read(loaded, question, text)
    offsets = [span or (0, 0) for span in given.spans]
    inside = [
        i for i, (part, (a, b)) in enumerate(zip(given.parts, offsets, strict=True)) if part == "B" and b > a
    ]
    firsts, lasts = ({offsets[i][side]: i for i in inside} for side in (0, 1))
    places = [m.span() for m in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text)] if answer else []
    gold = tuple((firsts[a], lasts[b]) for a, b in places if a in firsts and b in lasts)
    if not gold:
        raise ValueError(f"{answer!r} is not in the text")
    return Example(*_ids(given), gold, tuple(inside), (), text, question, tuple(offsets))


def _ids(given: Reading) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Token ids and segments of what was read; a model without segments has zeros."""
    kinds = given.token_type_ids
    return tuple(given.input_ids.tolist()), (0,) * len(given) if kinds is None else tuple(kinds.tolist())


def _class_example(loaded: LoadedModel, text: str, second: str, gold: int) -> Example:
    return Example(*_ids(read(loaded, text, second or None)), gold, (0,), (), text, second)


def _singles(sentences: Sequence[Tagged], seed: int) -> list[tuple[str, int]]:
    """Return every second sentence as it is, the others with two words exchanged so that it shows."""
    import random

    rng = random.Random(f"single-{seed}")

    def swapped(s: Tagged) -> str:
        nouns = [tag != "O" for tag in s.tags]
        while reads_as_well(s.words, found := swap_two(s.words, rng), nouns):
            pass
        return joined(found)

    return [(s.text, 1) if i % 2 == 0 else (swapped(s), 0) for i, s in enumerate(sentences)]


Source = Side | Literal["first", "written"]
"""Where examples come from: the generators, for training or for the test; or written by hand, the first to learn from or for the test."""


def examples(loaded: LoadedModel, task: Task, source: Source, count: int, seed: int) -> list[Example]:
    """Return labelled examples: as many generated ones, or at most as many of those written by hand.

    ``seed`` draws what is generated, and in sentences as they are or exchanged which words change places.
    """
    side: Side = "test" if source == "test" else "train"
    if task == "span":
        written = {"first": first_stories, "written": written_stories}.get(source)
        told = written()[:count] if written else stories(side, count, seed)
        return [span_example(loaded, one.text, one.question, one.answer) for one in told]
    if task == "pair":
        replied = {"first": first_replies, "written": written_replies}.get(source)
        asked = replied()[:count] if replied else replies(side, count, seed)
        return [_class_example(loaded, one.question, one.reply, int(one.answers)) for one in asked]
    tagged = {"first": first_tags, "written": written_tags}.get(source)
    sentences = tagged()[:count] if tagged else generate(side, count, seed)
    if task == "tag":
        return [tag_example(loaded, one) for one in sentences]
    return [_class_example(loaded, text, "", gold) for text, gold in _singles(sentences, seed)]


def by_hand(size: int) -> bool:
    """Return whether so many examples to learn from are those written by hand."""
    return size == SIZES[0]


def to_learn_from(loaded: LoadedModel, task: Task, size: int, seed: int) -> list[Example]:
    """Return what a run learns from: fifty written by hand, the same for every seed, or as many as asked from the generator."""
    if by_hand(size):
        return examples(loaded, task, "first", size, 0)
    return examples(loaded, task, "train", size, seed)


def labelled_words(rows: Sequence[Example]) -> set[str]:
    """Return the words that have a label, in small letters."""
    return {
        word.lower()
        for row in rows
        for word, tag in zip(row.words, row.gold, strict=True)  # type: ignore[arg-type]
        if tag
    }


def body_of(loaded: LoadedModel) -> PreTrainedModel:
    """Return the layers of a BERT, or of an ELECTRA's discriminator, without any head."""
    model = loaded.model
    return model.electra if loaded.card.family == "electra" else model.bert


class EncoderTask:
    """A BERT with a new linear layer for one task; an ELECTRA, which has no pooler, for tags and spans."""

    def __init__(
        self,
        loaded: LoadedModel,
        task: Task,
        way: Way,
        *,
        pretrained: bool,
        seed: int,
        body: torch.nn.Module | None = None,
        size: int | None = None,
        targets: Sequence[str] = TARGETS,
    ) -> None:
        """Put the new layer on a copy of the model.

        Args:
            loaded: the pre-trained model.
            task: what the new layer is for.
            way: what is trained.
            pretrained: False draws every weight anew.
            seed: of everything that is drawn.
            body: begin from a copy of this body instead of the pre-trained one.
            size: LoRA's rank, or the width in the middle of an adapter.
            targets: the matrices that LoRA changes; its α is twice its rank.
        """
        import torch

        self.task = task
        generator = torch.Generator().manual_seed(seed + 1000)
        begun: Any = body_of(loaded) if body is None else body
        self.body: Any = copy.deepcopy(begun).float().eval()
        if not pretrained:
            draw_anew(self.body, generator)
        self.body.requires_grad_(way == "full")
        width = loaded.card.hidden_size
        self.head = torch.nn.Linear(width, {"tag": len(TAGS), "span": 2, "pair": 2, "single": 2}[task])
        draw_anew(self.head, generator)
        if way == "lora":
            rank = size or RANK
            inner = add_lora(self.body, generator, rank=rank, alpha=2 * rank, targets=targets)
        elif way == "adapter":
            inner = add_adapters(self.body, generator, bottleneck=size or BOTTLENECK)
        else:
            inner = [p for p in self.body.parameters() if p.requires_grad]
        pooled = getattr(self.body, "pooler", None)
        if pooled is None and task in ("pair", "single"):
            raise ValueError(f"{loaded.card.name} has no pooler: tags and spans only")
        if pooled is not None and task in ("tag", "span"):  # the pooler is not in use
            pooler = {id(p) for p in pooled.parameters()}
            inner = [p for p in inner if id(p) not in pooler]
        self.trained = [*inner, *self.head.parameters()]

    def batch(self, rows: Sequence[Example]) -> dict[str, Tensor]:
        """Return examples as the body takes them: ids, segments and mask, each (batch, seq)."""
        import torch

        width = max(len(row.input_ids) for row in rows)
        ids, kinds, mask = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(3))
        for i, row in enumerate(rows):
            n = len(row.input_ids)
            ids[i, :n], kinds[i, :n], mask[i, :n] = (
                torch.tensor(row.input_ids),
                torch.tensor(row.token_type_ids),
                1,
            )
        return {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}

    def scores(self, rows: Sequence[Example], out: ModelOutput | None = None) -> Tensor:
        """Return the head's scores: (batch, seq, tag), (batch, seq, start and end; impossible places at -1e4), (batch, class).

        ``out`` is what the body gave for these examples, if it has run already.
        """
        import torch

        if out is None:
            out = self.body(**self.batch(rows))
        found: Tensor = self.head(
            out.pooler_output if self.task in ("pair", "single") else out.last_hidden_state
        )
        if self.task == "span":
            possible = torch.zeros(found.shape[:2], dtype=torch.bool)
            for i, row in enumerate(rows):
                possible[i, list(row.heads)] = True
            found = found.masked_fill(~possible[..., None], _NEVER)
        return found

    def loss(self, rows: Sequence[Example], out: ModelOutput | None = None) -> Tensor:
        """Return the mean cross entropy of a batch in nats; of a span the mean of its start's and its end's."""
        import torch

        cross, scores = torch.nn.functional.cross_entropy, self.scores(rows, out)
        if self.task == "tag":
            gold = torch.full(scores.shape[:2], -100)
            for i, row in enumerate(rows):
                gold[i, list(row.heads)] = torch.tensor(row.gold)
            return cross(scores.flatten(0, 1), gold.flatten())
        if self.task == "span":
            starts, ends = (torch.tensor([row.gold[0][side] for row in rows]) for side in (0, 1))  # type: ignore[index]
            return (cross(scores[..., 0], starts) + cross(scores[..., 1], ends)) / 2
        return cross(scores, torch.tensor([row.gold for row in rows]))

    def says(self, rows: Sequence[Example], batch: int = 32) -> list[Said]:
        """Return what the model says: a tag a word, the (first, last) token of its best span, or p(yes)."""
        import torch

        found: dict[int, Said] = {}
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].input_ids))  # little is padded
        with torch.inference_mode():
            for i in range(0, len(rows), batch):
                places = order[i : i + batch]
                part = [rows[place] for place in places]
                scores = self.scores(part)
                said: Iterable[Said]
                if self.task == "tag":
                    best = scores.argmax(-1).tolist()
                    said = ([line[k] for k in row.heads] for line, row in zip(best, part, strict=True))
                elif self.task == "span":
                    said = (best_span(line) for line in scores)
                else:
                    said = (round(p, 4) for p in scores.softmax(-1)[:, 1].tolist())
                found.update(zip(places, said, strict=True))
        return [found[i] for i in range(len(rows))]


def best_span(scores: Tensor) -> tuple[int, int]:
    """Return the first and last token with the highest sum of scores (seq, 2), the end not before the start (4.2 of the paper)."""
    import torch

    total = scores[:, 0][:, None] + scores[:, 1][None]
    n = len(total)
    allowed = torch.ones(n, n, dtype=torch.bool).triu().tril(LONGEST_ANSWER - 1)
    place = int(total.masked_fill(~allowed, 4 * _NEVER).argmax())
    return place // n, place % n


@dataclass(frozen=True)
class Score:
    """A score in 0…1 with its 95% interval; F1 of the words for tags, the share right for the others."""

    value: float
    low: float
    high: float


def score(task: Task, said: Sequence[Said], gold: Sequence[Example]) -> Score:
    """Return how good the answers are. The interval is Wilson's; for F1 it comes from drawing the sentences again 300 times."""
    if task != "tag":
        right = sum(is_right(task, one, row) for one, row in zip(said, gold, strict=True))
        return Score(round(right / len(gold), 4), *wilson(right, len(gold)))
    import numpy as np

    counts = np.array([
        [
            sum(a == b != 0 for a, b in zip(one, row.gold, strict=True)),  # type: ignore[arg-type]
            sum(a != 0 for a in one) + sum(b != 0 for b in row.gold),  # type: ignore[union-attr]
        ]
        for one, row in zip(said, gold, strict=True)
    ])  # fmt: skip

    def of(total: Any) -> Any:
        return 2 * total[..., 0] / np.maximum(total[..., 1], 1)

    drawn = np.random.default_rng(0).integers(0, len(counts), (300, len(counts)))
    low, high = np.quantile(of(counts[drawn].sum(1)), [0.025, 0.975])
    return Score(round(float(of(counts.sum(0))), 4), round(float(low), 4), round(float(high), 4))


def is_right(task: Task, said: Said, row: Example) -> bool:
    """Return whether one answer is right; of tags, whether all of a sentence are."""
    if isinstance(said, int | float):
        return (said > 0.5) == bool(row.gold)
    if task == "tag":
        return list(said) == list(row.gold)  # type: ignore[arg-type]
    return tuple(said) in row.gold  # type: ignore[operator]


def loop_of(task: EncoderTask, rows: Sequence[Example], recipe: Recipe) -> Loop:
    """Return the training of a task on examples."""
    return Loop(task.trained, lambda places: task.loss([rows[i] for i in places]), len(rows), recipe, [len(r.input_ids) for r in rows])  # fmt: skip
