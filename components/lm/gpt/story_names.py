"""A name said once in a story is said again: the copy that a story model makes, and the tasks it cannot do from a prompt.

A story gives a name and ends where a name is due, ``… "Hello," said``. The probability of the name is measured as the
story stands, with the name left out of it, and with the model's strongest induction heads switched off (Olsson et al.
2022, arXiv:2209.11895). The tasks are lists of pairs as in few-shot prompts; small story models fail them, because
nothing in their training was a list of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lm.reading import pieces
from components.lm.transformer.attention import layer_parts, twin
from components.lm.transformer.head_scores import attentions_of, mean_scores, repeated_sequence, score_heads

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Head = tuple[int, int]
NUM_HEADS_OFF = 4
NAMES = tuple(
    "Lily Tom Ben Sam Anna Lucy Max Jack Sue Tim Mia Ozma Zeb Dorothy Heidi Bruin Peter Ann Jane Bob".split()  # noqa: SIM905
)
STORIES = (
    'Once upon a time there was a boy named {name}. {name} had a big red ball. One day the boy went to the park with his ball. "Hello," said',
    'There was once a little bear whose name was {name}. {name} liked to walk in the forest. One day the bear met a fox. "Good morning," said',
    'A girl called {name} lived in a small house. {name} had a cat. "I am hungry," said',
)
UNNAMED = (
    'Once upon a time there was a boy. He had a big red ball. One day the boy went to the park with his ball. "Hello," said',
    'There was once a little bear. He liked to walk in the forest. One day the bear met a fox. "Good morning," said',
    'A girl lived in a small house. She had a cat. "I am hungry," said',
)
COPY_WORDS = tuple(
    "cat dog bird fish fox bear boy girl man king queen house tree ball sun moon star bread milk water fire".split()  # noqa: SIM905
)
SHOTS = (0, 1, 2, 4, 8)
NUM_QUESTIONS = 60


@dataclass(frozen=True)
class NameScore:
    """How a story's name fares where a name is due: its probability, its rank (1 is the most probable), and the best."""

    prob: float
    rank: int
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class NameStudy:
    """Every name in every story, three ways: as it stands, name left out, induction heads off; means over all."""

    count: int
    probs: tuple[float, float, float]
    first: tuple[float, float, float]
    heads: tuple[Head, ...]


def induction_heads(loaded: LoadedModel, count: int = NUM_HEADS_OFF, num_texts: int = 8) -> tuple[Head, ...]:
    """The heads that look most at what followed an earlier copy, on sequences of random tokens said twice."""
    vocabulary = (
        range(300, loaded.card.vocab_size)
        if loaded.card.vocab_size > 400
        else range(1, loaded.card.vocab_size)
    )
    length = min(20, len(vocabulary), ((loaded.card.max_positions or 64) - 1) // 2)
    scores = []
    for seed in range(num_texts):
        ids = repeated_sequence(list(vocabulary), length, seed=seed, prefix=[0])
        scores.append(score_heads(attentions_of(loaded.model, ids), ids, causal=True, ignore_ids={0}))
    found = mean_scores(scores).induction
    order = np.argsort(-found, axis=None, kind="stable")[:count]
    return tuple((int(n) // found.shape[1], int(n) % found.shape[1]) for n in order)


def next_probs(loaded: LoadedModel, texts: Sequence[str], off: Sequence[Head] = ()) -> list[Any]:
    """The distribution of the next token after each text, (vocab,) arrays that sum to 1."""
    import torch

    from components.lm.gpt.generation import encode_prompt

    model = loaded.model
    if off:
        model = twin(loaded.model)
        for number, part in enumerate(layer_parts(model)):
            mine = [head for layer, head in off if layer == number]
            if not mine:
                continue

            def switch(_: Any, args: tuple[Any, ...], mine: list[int] = mine) -> tuple[Any, ...]:
                split = args[0].unflatten(-1, (loaded.card.num_heads, -1)).clone()
                split[..., mine, :] = 0
                return (split.flatten(-2), *args[1:])

            part.output.register_forward_pre_hook(switch)  # of the twin, which nobody keeps
    rows = [list(encode_prompt(loaded, text).token_ids) for text in texts]
    found = []
    for start in range(0, len(rows), 16):  # filled up behind the end, which a causal model cannot see
        some = rows[start : start + 16]
        longest = max(map(len, some))
        with torch.inference_mode():
            logits = model(torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in some])).logits
            found += [
                torch.softmax(logits[i, len(ids) - 1].double(), -1).numpy() for i, ids in enumerate(some)
            ]
    return found


def name_id(loaded: LoadedModel, name: str) -> int:
    """The first token of a name as it stands in a text. Raises ``ValueError`` if there is none."""
    ids = pieces(loaded, f" {name}", before="a")
    if not ids:
        raise ValueError("this name is nothing for the tokenizer")
    return ids[0]


def score_name(
    loaded: LoadedModel, text: str, name: str, off: Sequence[Head] = (), top: int = 6
) -> NameScore:
    """How probable a name is after a text."""
    probs, token = next_probs(loaded, [text], off)[0], name_id(loaded, name)
    best = np.argsort(-probs, kind="stable")[:top]
    return NameScore(
        float(probs[token]),
        int((probs > probs[token]).sum()) + 1,
        tuple((str(loaded.tokenizer.decode([int(i)])), float(probs[i])) for i in best),
    )


def study_names(loaded: LoadedModel) -> NameStudy:
    """Measure all names in all stories; some seconds."""
    heads = induction_heads(loaded)
    told = [
        (story.format(name=name), plain, name)
        for story, plain in zip(STORIES, UNNAMED, strict=True)
        for name in NAMES
    ]
    unnamed = dict(zip(UNNAMED, next_probs(loaded, UNNAMED), strict=True))
    ids = [name_id(loaded, name) for _, _, name in told]
    ways = (
        next_probs(loaded, [text for text, _, _ in told]),
        [unnamed[plain] for _, plain, _ in told],
        next_probs(loaded, [text for text, _, _ in told], heads),
    )
    means = [float(np.mean([p[i] for p, i in zip(way, ids, strict=True)])) for way in ways]
    first = [float(np.mean([int(p.argmax()) == i for p, i in zip(way, ids, strict=True)])) for way in ways]
    return NameStudy(len(told), (means[0], means[1], means[2]), (first[0], first[1], first[2]), heads)


def few_shot_copies(loaded: LoadedModel, seed: int = 0) -> dict[int, int]:
    """How many of 60 few-shot questions a model gets right, by the number of demonstrations, in the easiest task of all.

    `` cat : cat`` on each line, then a last word to copy. Only words of one token are used.
    """
    rng = np.random.default_rng(seed)
    usable = [word for word in COPY_WORDS if len(pieces(loaded, f" {word}", before="a")) == 1]
    found = {}
    for shots in SHOTS:
        asked = [rng.choice(usable, shots + 1, replace=False).tolist() for _ in range(NUM_QUESTIONS)]
        texts = ["".join(f" {word} : {word}\n" for word in row[:-1]) + f" {row[-1]} :" for row in asked]
        said = next_probs(loaded, texts)
        found[shots] = sum(
            int(p.argmax()) == name_id(loaded, row[-1]) for p, row in zip(said, asked, strict=True)
        )
    return found
