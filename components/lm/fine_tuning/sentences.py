"""A generator of simple labelled sentences: who is a person, an animal, a place.

Twenty-four templates are filled with words; those of training and those of the test have no word with a label in common,
so a model that only remembers labelled words finds none of them in the test.

>>> sentence = generate("train", 1, seed=0)[0]
>>> sentence.text
'The king and the farmer were in the park.'
>>> sentence.tags
('O', 'PERSON', 'O', 'O', 'PERSON', 'O', 'O', 'O', 'PLACE', 'O')
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.lm.fine_tuning.samples import sample_rows

Side = Literal["train", "test"]
TAGS = ("O", "PERSON", "ANIMAL", "PLACE")
"""In the order of the classes; O is everything else (Ramshaw and Marcus 1995)."""

NAMES = {
    "train": "Lily Tom Anna Ben Lucy Sam Molly Jack Sara Tim Rosie Max Mia Dan Emma Leo Amy Joe Kate Bob",
    "test": "Polly Peter Nora Fred Ella Jane Harry Ruby Oscar Alice",
}
PERSONS = {
    "train": "boy girl mother father king queen man woman brother teacher baby friend witch farmer prince",
    "test": "princess sister grandmother doctor lady child giant fairy uncle dad",
}
ANIMALS = {
    "train": "dog cat rabbit bear wolf mouse bird duck lion frog horse cow pig fish owl monkey kitten",
    "test": "fox goat hen squirrel elephant turtle donkey sheep puppy tiger",
}
PLACES = {
    "train": "park forest beach garden school kitchen river market farm barn hill shop lake palace cave",
    "test": "zoo castle village mountain island church pond mill house field",
}
THINGS = [
    "ball",
    "doll",
    "kite",
    "book",
    "hat",
    "box",
    "cake",
    "apple",
    "flower",
    "boat",
    "bell",
    "drum",
    "cup",
    "stone",
    "key",
    "coat",
    "lamp",
    "basket",
]
LOOKS = ["little", "big", "old", "hungry", "funny", "brown", "white", "sleepy", "angry", "friendly"]
TEMPLATES = (
    "{N} saw a {l} {a} in the {p} .",
    "One day {N} went to the {p} with a {t} .",
    "The {a} and the {a2} played near the {p} .",
    "The {r} gave the {a} a {t} .",
    "{N} and {N2} walked to the {p} .",
    "There was a {l} {a} in the {p} .",
    "The {l} {r} lived near the {p} .",
    "{N} ran away from the {l} {a} .",
    "A {a} sat on the {t} and looked at {N} .",
    "{N} told the {r} about the {p} .",
    "In the {p} , the {r} found a {t} .",
    '" Where is my {t} ? " asked {N} .',
    "The {r} and the {r2} were in the {p} .",
    "The {a} took the {t} to the {p} .",
    "{N} was very happy to see the {a} .",
    "The {a} hid the {t} from {N} .",
    "{N} wanted to have a {a} .",
    "The {r} did not like the {l} {a} .",
    "They all went back to the {p} with {N} .",
    'The {r} said , " Look at the {a} ! "',
    "{N} put the {t} on the {t2} and went to the {p} .",
    "A {l} {a} came out of the {p} .",
    "{N} helped the {r} carry the {t} .",
    "At night the {p} was dark and the {a} was afraid .",
)
_SLOT = re.compile(r"\{(\w)(2?)\}")
_TAG_OF = {"N": "PERSON", "r": "PERSON", "a": "ANIMAL", "p": "PLACE", "t": "O", "l": "O"}
_BEFORE = re.compile(r" ([.,!?])")


@dataclass(frozen=True)
class Tagged:
    """Words and the tag of each."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentence as it is written."""
        return joined(self.words)


def joined(words: Sequence[str]) -> str:
    """Return words with their marks as a sentence.

    >>> joined('" Where is it ? " asked Tom .'.split())
    '"Where is it?" asked Tom.'
    """
    text = _BEFORE.sub(r"\1", " ".join(words))
    return re.sub(r'" ([^"]*?) "', r'"\1"', text)


def _pools(side: Side) -> dict[str, list[str]]:
    return {
        "N": NAMES[side].split(),
        "r": PERSONS[side].split(),
        "a": ANIMALS[side].split(),
        "p": PLACES[side].split(),
        "t": THINGS,
        "l": LOOKS,
    }


def fill(template: str, side: Side, rng: random.Random) -> Tagged:
    """Return a template with words of a side; two slots of one kind get two different words."""
    pools = _pools(side)
    drawn = {slot: rng.sample(words, 2) for slot, words in pools.items()}
    words, tags = [], []
    for part in template.split():
        slot = _SLOT.fullmatch(part)
        words.append(drawn[slot[1]][bool(slot[2])] if slot else part)
        tags.append(_TAG_OF[slot[1]] if slot else "O")
    for i in range(len(words) - 1):  # "a old lion"
        if words[i].lower() == "a" and words[i + 1][0] in "aeiou":
            words[i] += "n"
    return Tagged(tuple(words), tuple(tags))


def generate(side: Side, count: int, seed: int) -> list[Tagged]:
    """Return ``count`` different sentences of a side."""
    rng = random.Random(f"{side}-{seed}")
    found: dict[tuple[str, ...], Tagged] = {}
    while len(found) < count:
        made = fill(rng.choice(TEMPLATES), side, rng)
        found.setdefault(made.words, made)
    return list(found.values())


_MARK = {"P": "PERSON", "A": "ANIMAL", "L": "PLACE"}


def written_tags(name: str = "tags.tsv") -> list[Tagged]:
    """Return sentences that were written and tagged by hand: those to test with."""
    found = []
    for (line,) in sample_rows(name):
        words, tags = [], []
        for part in line.split():
            word, _, mark = part.rpartition("/")
            words.append(word or part)
            tags.append(_MARK[mark] if word else "O")
        found.append(Tagged(tuple(words), tuple(tags)))
    return found


def first_tags() -> list[Tagged]:
    """Return the first sentences to learn from, written and tagged by hand."""
    return written_tags("first_tags.tsv")


def exchanged(sentences: Sequence[Tagged], seed: int) -> list[Tagged]:
    """Return sentences with every tagged word exchanged for one that has another tag among them; the tags stay with the places.

    Who goes by the words around finds as much as before; who goes by the word itself is led astray.

    >>> [one.text for one in exchanged([Tagged(("The", "fox", "ran"), ("O", "ANIMAL", "O")), Tagged(("Ann", "ran"), ("PERSON", "O"))], 0)]
    ['The Ann ran', 'fox ran']
    """
    rng = random.Random(f"exchanged-{seed}")
    tagged = [pair for one in sentences for pair in zip(one.words, one.tags, strict=True) if pair[1] != "O"]
    others = {tag: [word for word, own in tagged if own != tag] for tag in TAGS[1:]}
    return [
        Tagged(
            tuple(
                word if tag == "O" else rng.choice(others[tag])
                for word, tag in zip(one.words, one.tags, strict=True)
            ),
            one.tags,
        )
        for one in sentences
    ]
