"""What a prompt does to a model whose weights do not move: answers, attention, heads off, accuracy against k.

The model is ``pairs-gpt`` (:mod:`components.lm.training.word_codes`), its prompts are those of
:mod:`components.lm.gpt.word_codes`. Everything is read from the answering position, the arrow after the word asked for.
"Shown" means that the word asked for stood in one of the pairs before. In-context learning: Brown et al. 2020,
arXiv:2005.14165, section 2; heads that find what followed an earlier copy: Olsson et al. 2022, arXiv:2209.11895.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.lm.gpt.word_codes import (
    ARROW,
    BEGIN,
    END,
    FIRST_WORD_ID,
    TOKENS_PER_PAIR,
    VOCABULARY,
    WORDS,
    Floats,
    Ints,
    Prompts,
    fresh_prompts,
)

NAME = "pairs-gpt"
FOLDER = Path(__file__).resolve().parents[3] / "assets" / "models" / "in_context" / NAME
MATCHING = 0.3
"""A head counts as matching when it puts more than this share of its weight on the right earlier answers."""
Head = tuple[int, int]
"""(layer, head), both from 0."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A model that reads pairs: tensors by name, its number of heads, and the digest of its numbers in memory."""

    weights: dict[str, Any]
    num_heads: int
    digest: str

    @property
    def num_layers(self) -> int:
        """Layers of this model."""
        from components.lm.gpt.small_gpt2 import num_layers

        return num_layers(self.weights)

    @property
    def heads(self) -> list[Head]:
        """Every head, layer by layer."""
        return [(layer, head) for layer in range(self.num_layers) for head in range(self.num_heads)]


def reader_of(weights: dict[str, Any], num_heads: int) -> Reader:
    """Return weights as a reader; they are copied, so that a training may go on."""
    from components.lm.gpt.small_gpt2 import digest

    kept = {name: tensor.detach().clone() for name, tensor in weights.items()}
    return Reader(kept, num_heads, digest(kept))


@lru_cache(maxsize=16)
def load_reader(folder: Path = FOLDER) -> Reader:
    """Return the weights of a folder. About a megabyte each, shared and never changed."""
    from components.lm import checkpoints
    from components.lm.gpt.small_gpt2 import load_weights

    checkpoints.import_torch()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return reader_of(load_weights(folder / "model.safetensors"), config["n_head"])


@lru_cache(maxsize=1)
def recorded(folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return what was measured when the model was made: moments with their files, and every seed's run.

    ``moments`` are the snapshots, earliest first, the model itself last. A run has ``history`` (a list for each
    number), ``curves``, ``match``, ``off`` and ``closest_codes``. Without torch.
    """
    found: Mapping[str, Any] = json.loads((folder / "runs.json").read_text(encoding="utf-8"))
    return found


def load_moment(moment: int) -> Reader:
    """Return the weights of one moment of training, 0 the start; the last is the model itself."""
    return load_reader((FOLDER / recorded()["moments"][moment]["folder"]).resolve())


# -- one prompt ---------------------------------------------------------------------------------------------------------


def prompt_ids(pairs: Sequence[tuple[int, int]], question: int, description: Sequence[int] = ()) -> list[int]:
    """Return the tokens of a prompt that ends with a question, ``<s> sun -> lamp ; frog ->``.

    ``description`` are token ids put before the first pair.
    """
    arrow, end = VOCABULARY.index(ARROW), VOCABULARY.index(END)
    ids = [VOCABULARY.index(BEGIN), *description]
    for word, answer in pairs:
        ids += [word + FIRST_WORD_ID, arrow, answer + FIRST_WORD_ID, end]
    return [*ids, question + FIRST_WORD_ID, arrow]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model says at the end of a prompt: ``probs`` (token,) sums to 1, ``attention`` is (layer, head, key)."""

    token_ids: list[int]
    probs: Floats
    attention: Floats

    @property
    def word(self) -> int:
        """The most probable word, 0…31; signs that are no words are left out."""
        return int(self.probs[FIRST_WORD_ID:].argmax())

    def prob(self, word: int) -> float:
        """The probability of a word."""
        return float(self.probs[word + FIRST_WORD_ID])


def ask(reader: Reader, prompts: Sequence[list[int]], off: Iterable[Head] = ()) -> list[Answer]:
    """Put some prompts to a model, each read on its own, and return what it answers after the last token of each.

    Shorter prompts are filled up behind their end, which a causal model cannot see.
    """
    import torch

    from components.lm.gpt.small_gpt2 import forward

    longest = max(len(ids) for ids in prompts)
    filled = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in prompts])
    with torch.inference_mode():
        logits, layers = forward(
            reader.weights, filled, num_heads=reader.num_heads, keep=_keep(reader, off), attentions=True
        )
        found = []
        for row, ids in enumerate(prompts):
            last = len(ids) - 1
            probs = torch.softmax(logits[row, last].double(), -1).numpy()
            attention = torch.stack([layer[row, :, last, : len(ids)] for layer in layers]).double().numpy()
            found.append(Answer(list(ids), probs, attention))
    return found


def _keep(reader: Reader, off: Iterable[Head]) -> Any:
    import torch

    keep = torch.ones(reader.num_layers, reader.num_heads)
    for layer, head in off:
        keep[layer, head] = 0.0
    return keep


# -- many prompts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """How many answers were right after k = 0, 1, … pairs, for words shown before and for words not shown."""

    kind: str
    shown_right: tuple[int, ...]
    shown_total: tuple[int, ...]
    unseen_right: tuple[int, ...]
    unseen_total: tuple[int, ...]

    @property
    def shown(self) -> float:
        """Share right over all k of words shown before."""
        return sum(self.shown_right) / max(1, sum(self.shown_total))

    @property
    def unseen(self) -> float:
        """Share right of words not shown, over all k from 1 on."""
        return sum(self.unseen_right[1:]) / max(1, sum(self.unseen_total[1:]))


def measure(reader: Reader, prompts: Prompts, off: Iterable[Head] = ()) -> Curve:
    """Answer every pair of some prompts from the pairs before it, and count."""
    import torch

    from components.lm.gpt.small_gpt2 import forward

    ids = torch.from_numpy(prompts.token_ids())
    with torch.inference_mode():
        logits, _ = forward(
            reader.weights,
            ids,
            num_heads=reader.num_heads,
            keep=_keep(reader, off),
            answers=slice(2, None, TOKENS_PER_PAIR),
        )
        said = logits.argmax(-1).numpy() - FIRST_WORD_ID
    right, shown = said == prompts.answers, prompts.shown()

    def count(which: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(int(n) for n in which.sum(0))

    kind = "new" if (prompts.dictionary < 0).all() else "known"
    return Curve(kind, count(right & shown), count(shown), count(right & ~shown), count(~shown))


def match_scores(reader: Reader, prompts: Prompts) -> Floats:
    """How much of its weight each head puts, from the arrow, on the answers that the asked word had before; (layer, head).

    The mean over all pairs whose word was shown.
    """
    import torch

    from components.lm.gpt.small_gpt2 import forward

    with torch.inference_mode():
        _, layers = forward(
            reader.weights, torch.from_numpy(prompts.token_ids()), num_heads=reader.num_heads, attentions=True
        )
    same = prompts.words[:, :, None] == prompts.words[:, None, :]
    same &= np.tri(prompts.words.shape[1], k=-1, dtype=bool)  # (prompt, pair, earlier pair)
    shown = same.any(-1)
    found = []
    for layer in layers:
        to_answers = layer[:, :, 2::TOKENS_PER_PAIR, 3::TOKENS_PER_PAIR].numpy()
        on_match = (to_answers * same[:, None]).sum(-1)  # (prompt, head, pair)
        found.append([float(on_match[:, head][shown].mean()) for head in range(reader.num_heads)])
    return np.array(found)


def look_back_scores(reader: Reader, prompts: Prompts, places: Sequence[int] = (1, 2)) -> Floats:
    """How much weight each head puts on the token so many places back, from every token; (layer, head, place)."""
    import torch

    from components.lm.gpt.small_gpt2 import forward

    with torch.inference_mode():
        _, layers = forward(
            reader.weights, torch.from_numpy(prompts.token_ids()), num_heads=reader.num_heads, attentions=True
        )
        return np.array(
            [
                [
                    [float(layer[:, head].diagonal(-back, 1, 2).mean()) for back in places]
                    for head in range(reader.num_heads)
                ]
                for layer in layers
            ]
        )


def matching_heads(scores: npt.ArrayLike) -> list[Head]:
    """Return the heads that match, the strongest first."""
    given = np.asarray(scores)
    heads = [(int(layer), int(head)) for layer, head in np.argwhere(given > MATCHING)]
    return sorted(heads, key=lambda head: -given[head])


# -- training instead of prompting --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FineTuned:
    """What gradient steps on the pairs of one code changed.

    ``steps`` were taken; ``right`` of the code's words are answered without any demonstration, before and after;
    ``known`` is the accuracy on words not shown of the dictionaries at k = 2, before and after.
    """

    steps: int
    words: int
    right: tuple[int, int]
    known: tuple[float, float]
    digests: tuple[str, str]


def fine_tune(
    reader: Reader,
    pairs: Sequence[tuple[int, int]],
    *,
    most_steps: int = 200,
    rate: float = 1e-3,
    seed: int = 0,
) -> FineTuned:
    """Teach a copy of a model the pairs of a code by gradient, as prompts with no demonstration, until all are right."""
    import torch

    from components.lm.gpt.small_gpt2 import forward

    weights = {name: tensor.clone().requires_grad_() for name, tensor in reader.weights.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=rate, weight_decay=0.0)
    ids = torch.tensor([prompt_ids((), word) for word, _ in pairs])
    targets = torch.tensor([answer + FIRST_WORD_ID for _, answer in pairs])
    steps = 0
    with torch.enable_grad():
        while True:
            logits, _ = forward(weights, ids, num_heads=reader.num_heads, answers=slice(2, None))
            if steps == most_steps or bool((logits[:, 0].argmax(-1) == targets).all()):
                break
            torch.autograd.backward(torch.nn.functional.cross_entropy(logits[:, 0], targets))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            steps += 1
    after = reader_of(weights, reader.num_heads)
    right, known = [], []
    for one in (reader, after):
        said = [answer.word for answer in ask(one, ids.tolist())]
        right.append(sum(word == answer for word, (_, answer) in zip(said, pairs, strict=True)))
        curve = measure(one, fresh_prompts("known", seed))
        known.append(curve.unseen_right[2] / curve.unseen_total[2])
    return FineTuned(
        steps, len(pairs), (right[0], right[1]), (known[0], known[1]), (reader.digest, after.digest)
    )


def code_pairs(prompts: Prompts, row: int) -> tuple[tuple[int, int], ...]:
    """Return every pair of the code of one prompt, in the order of the words."""
    return tuple(
        (word, int(prompts.codes[row, word])) for word in range(len(WORDS)) if prompts.codes[row, word] >= 0
    )


def demonstrations(prompts: Prompts, row: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs of one prompt in their order."""
    return tuple(zip(prompts.words[row].tolist(), prompts.answers[row].tolist(), strict=True))


# -- a prompt, demonstration by demonstration ---------------------------------------------------------------------------

TOP = 5
"""Answers kept of each question."""


@dataclass(frozen=True, eq=False)
class AnswerTable:
    """Every question put after 0, 1, … k of the same demonstrations.

    ``words`` and ``probs`` are (demonstrations, question, 5), the most probable words first; ``right`` is
    (demonstrations, question), the probability of the question's own answer, NaN where it has none; ``attention`` is
    (demonstrations, question, layer, head, token), filled up with 0 behind the end of a prompt.
    """

    words: Ints
    probs: Floats
    right: Floats
    attention: Floats


def answer_table(
    reader: Reader,
    pairs: Sequence[tuple[int, int]],
    questions: Sequence[tuple[int, int | None]],
    *,
    off: Iterable[Head] = (),
    description: Sequence[int] = (),
) -> AnswerTable:
    """Ask every (word, its right answer or None) after each number of demonstrations, each prompt on its own."""
    prompts = [
        prompt_ids(pairs[:count], word, description)
        for count in range(len(pairs) + 1)
        for word, _ in questions
    ]
    answers = ask(reader, prompts, off)
    shape = (len(pairs) + 1, len(questions))
    longest = max(len(ids) for ids in prompts)
    words = np.array([np.argsort(-a.probs[FIRST_WORD_ID:], kind="stable")[:TOP] for a in answers])
    probs = np.array([a.probs[FIRST_WORD_ID:][top] for a, top in zip(answers, words, strict=True)])
    own = [right for _ in range(shape[0]) for _, right in questions]
    right = [float("nan") if word is None else a.prob(word) for a, word in zip(answers, own, strict=True)]
    attention = np.zeros((len(answers), reader.num_layers, reader.num_heads, longest))
    for row, answer in enumerate(answers):
        attention[row, :, :, : len(answer.token_ids)] = answer.attention
    return AnswerTable(
        words.reshape(*shape, TOP),
        probs.reshape(*shape, TOP),
        np.array(right).reshape(shape),
        attention.reshape(*shape, *attention.shape[1:]),
    )


def read_description(text: str, most: int = 12) -> tuple[list[int], list[tuple[str, bool]]]:
    """Return the token ids a description comes to, and each of its words with whether the model has a token for it.

    The model knows its 32 words and two signs; every other word has no token and cannot reach it. At most ``most``
    tokens are taken.
    """
    ids: list[int] = []
    parts: list[tuple[str, bool]] = []
    for part in text.split():
        known = part.lower() in VOCABULARY[1:] and len(ids) < most
        if known:
            ids.append(VOCABULARY.index(part.lower()))
        parts.append((part, known))
    return ids, parts
