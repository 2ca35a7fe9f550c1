"""What a trained model makes of words in context: senses kept apart, he and she resolved, a name remembered.

The sentences in ``assets/facts/word_senses.csv`` and ``assets/facts/pronouns.csv`` and the texts below were written
before any model was measured on them. Nothing here is trained on.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

FACTS = Path(__file__).parents[2] / "assets" / "facts"


@dataclass(frozen=True)
class Senses:
    """A word with two senses: ``sentences`` by sense, the word once in each."""

    word: str
    sentences: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Pronoun:
    """A sentence with two people, then ``he`` or ``she``, which means ``right`` and not ``wrong``."""

    sentence: str
    pronoun: str
    right: str
    wrong: str


def load_senses(path: Path = FACTS / "word_senses.csv") -> tuple[Senses, ...]:
    """Words with their senses, in file order. Raises ValueError for a sentence without its word exactly once."""
    words: dict[str, dict[str, list[str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            find_word(row["sentence"], row["word"])
            words.setdefault(row["word"], {}).setdefault(row["sense"], []).append(row["sentence"])
    return tuple(
        Senses(word, {sense: tuple(lines) for sense, lines in senses.items()})
        for word, senses in words.items()
    )


def load_pronouns(path: Path = FACTS / "pronouns.csv") -> tuple[Pronoun, ...]:
    """Sentences in file order. Raises ValueError where the pronoun or a person is not there exactly once."""
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for column in ("pronoun", "right", "wrong"):
                find_word(row["sentence"], row[column])
            found.append(Pronoun(row["sentence"], row["pronoun"], row["right"], row["wrong"]))
    return tuple(found)


def find_word(sentence: str, word: str) -> tuple[int, int]:
    """(start, end) of the word in the sentence, whatever its case; ValueError unless it is there exactly once."""
    matches = [match.span() for match in re.finditer(rf"\b{re.escape(word)}\b", sentence, re.IGNORECASE)]
    if len(matches) != 1:
        raise ValueError(f"{word!r} stands {len(matches)} times in {sentence!r}")
    return matches[0]


def _read(model: Any, tokenizer: Any, sentence: str) -> tuple[Any, list[tuple[int, int]]]:
    """(output with hidden states and attentions, offsets of each token) of a sentence read as in training."""
    given = tokenizer(sentence, return_offsets_mapping=True, verbose=False)
    ids, offsets = list(given["input_ids"]), list(given["offset_mapping"])
    if tokenizer.mask_token_id is None:  # a GPT's documents begin with the end-of-text token
        ids, offsets = [tokenizer.bos_token_id, *ids], [(0, 0), *offsets]
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    return output, offsets


def _tokens_at(offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[int]:
    """Tokens that overlap the characters of ``span``."""
    return [i for i, (start, end) in enumerate(offsets) if start < end and start < span[1] and end > span[0]]


def senses_apart(model: Any, tokenizer: Any, words: Sequence[Senses]) -> dict[str, Any]:
    """Whether a word's vectors are more alike within a sense than across senses, in the last layer.

    The vector of a word is the mean of the last hidden states of its pieces. ``within`` and ``across`` are mean cosines
    over the pairs of sentences of one sense and of two; the word counts as kept apart when within is larger.
    """
    table = {}
    for item in words:
        vectors, labels = [], []
        for label, (_, sentences) in enumerate(item.sentences.items()):
            for sentence in sentences:
                output, offsets = _read(model, tokenizer, sentence)
                at = _tokens_at(offsets, find_word(sentence, item.word))
                vectors.append(output.hidden_states[-1][0, at].float().mean(0).numpy())
                labels.append(label)
        unit = np.stack(vectors).astype(np.float64)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        cosines = unit @ unit.T
        same = np.equal.outer(labels, labels)
        pairs = np.triu(np.ones_like(same), 1)
        within, across = float(cosines[same & pairs].mean()), float(cosines[~same & pairs].mean())
        table[item.word] = {"within": round(within, 4), "across": round(across, 4), "apart": within > across}
    return {"words": table, "apart": sum(row["apart"] for row in table.values()), "of": len(table)}


def pronoun_heads(model: Any, tokenizer: Any, sentences: Sequence[Pronoun]) -> dict[str, Any]:
    """In how many sentences each head looks from the pronoun more at the right person than at the wrong one.

    ``right`` (layer, head); ``best`` names the best head (counted from 0) and its number; ``best_by_chance`` is what
    the best of so many heads reaches on average when each tosses a coin, for the best of many is always a good one.
    """
    right: npt.NDArray[np.int64] | None = None
    for item in sentences:
        output, offsets = _read(model, tokenizer, item.sentence)
        weights = np.stack(
            [layer[0].float().numpy() for layer in output.attentions]
        )  # (layer, head, query, key)
        at = {part: _tokens_at(offsets, find_word(item.sentence, getattr(item, part))) for part in ("pronoun", "right", "wrong")}  # fmt: skip
        looked = weights[:, :, at["pronoun"][-1]]
        won = looked[..., at["right"]].sum(-1) > looked[..., at["wrong"]].sum(-1)
        right = won.astype(np.int64) if right is None else right + won
    assert right is not None, "no sentences"
    layer, head = (int(i) for i in np.unravel_index(right.argmax(), right.shape))
    return {
        "sentences": len(sentences),
        "best": {"layer": layer, "head": head, "right": int(right.max())},
        "best_by_chance": round(best_of_coins(right.size, len(sentences)), 1),
        "right": right.tolist(),
    }


def best_of_coins(num_heads: int, num_tosses: int) -> float:
    """Mean of the largest of ``num_heads`` numbers of heads up in ``num_tosses`` fair tosses each.

    >>> best_of_coins(1, 40), round(best_of_coins(2, 1), 2)
    (20.0, 0.75)
    """
    below, at_most = 0, []
    for k in range(num_tosses):
        below += comb(num_tosses, k)
        at_most.append((below / 2**num_tosses) ** num_heads)
    return float(sum(1 - p for p in at_most))


NAMES = ("Lily", "Tom", "Ben", "Tim", "Sam", "Max", "Anna", "Mia", "Sara", "Lucy", "Jack", "Bob", "Amy", "Jane", "John", "Mary", "Peter", "Alice", "Dorothy", "Jim", "Sue", "Emma", "Leo", "Kate", "Rose", "George", "Hans", "Billy", "Molly", "Daisy", "Fred", "Henry", "Harry", "Nick", "Paul", "Mark", "Joe", "Ella", "Ellie", "Zoe", "Sally", "Polly", "Betty", "Nora", "Ruth", "Clara", "Heidi", "Rosa", "Oscar", "Felix", "Oliver", "Arthur", "Edward", "Robert", "Tommy", "Johnny", "Susan", "Laura", "Martha", "Grace")  # fmt: skip
# A name stands once; then everything leads to it again.
NAME_TEXTS = (
    "Once upon a time there was a child named {name}. The child had a red ball. One day the dog took the ball away. The mother looked out of the window and called, \"",
    "There was once a child who lived in a small house by the sea. Everybody in the village knew the child, whose name was {name}. In the morning the postman knocked at the door and said, \"Good morning,",
    "\"My name is {name},\" said the child. The old woman smiled and gave the child a cake. \"Eat, my dear",
    "A little bear met a child in the forest. \"Who are you?\" asked the bear. \"I am {name},\" said the child. \"Come and play with me,",
    "{name} had a new boat. It was blue and white, and it sailed on the pond. The other children came to see it. They all wanted to play with",
    "The teacher opened the book and read the names. When she came to {name}, nobody answered. \"Where is",
)  # fmt: skip


def names_remembered(
    model: Any, tokenizer: Any, names: Sequence[str] = NAMES, texts: Sequence[str] = NAME_TEXTS
) -> dict[str, int]:
    """How often a causal model finds, of all ``names``, the one that the text gave the most likely to follow.

    Each name stands in one of the ``texts``, going round; the probability of a name is that of all its tokens."""
    right = 0
    pieces = {}
    for name in names:
        for before in ("", " "):
            pieces[before + name] = tokenizer(before + name, add_special_tokens=False)["input_ids"]
    for number, name in enumerate(names):
        text = texts[number % len(texts)].format(name=name)
        context = [tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        before = "" if text.endswith('"') else " "
        room = getattr(model, "config", None)
        if room is not None:  # a vocabulary that knows few words makes the text too long: its end is read
            longest = max(len(pieces[before + other]) for other in names)
            context = context[-(room.n_positions - longest) :]
        rows = [context + pieces[before + other] for other in names]
        width = max(map(len, rows))
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        for k, row in enumerate(rows):
            ids[k, : len(row)] = torch.tensor(row)
        kept = width - len(context) + 1  # the last positions, which say what the tokens of a name are
        with torch.inference_mode():
            logits = model(input_ids=ids, **({} if room is None else {"logits_to_keep": kept})).logits
        names_only = logits[:, -kept:].float().log_softmax(-1)
        scores = [
            sum(float(names_only[k, n, piece]) for n, piece in enumerate(row[len(context) :]))
            for k, row in enumerate(rows)
        ]
        right += int(np.argmax(scores)) == number
    return {"right": right, "of": len(names)}
