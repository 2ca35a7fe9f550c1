"""Generators of short stories with a question, and of questions with a reply that answers them or another one.

Names, places, things and animals of the test do not occur in training.

>>> story = stories("train", 1, seed=0)[0]
>>> story.answer in story.text
True
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from components.lm.fine_tuning.samples import sample_rows
from components.lm.fine_tuning.sentences import ANIMALS, NAMES, PLACES, Side

THINGS = {
    "train": "ball doll kite book hat box cake apple flower boat bell drum cup stone key coat",
    "test": "toy lamp basket shoe pie egg sword ring letter candle",
}
COLOURS = {"train": "red blue green yellow", "test": "white black brown golden"}
FEELINGS = ["happy", "sad", "tired", "hungry", "angry", "scared", "sleepy", "proud"]
VERBS = (("saw", "see"), ("found", "find"), ("took", "take"), ("bought", "buy"), ("lost", "lose"), ("wanted", "want"), ("carried", "carry"), ("hid", "hide"))  # fmt: skip
FIRST = (
    "{n} went to the {p} with a little {a}.",
    "One day {n} walked to the {p} with {m}.",
    "{n} was playing in the {p}.",
    "Early in the morning {n} ran to the {p}.",
)
SECOND = (
    "There {n} {v} a {c} {t}.",
    "In the {q} {n} {v} a {c} {t}.",
    "A {a} came and {n} {v} a {c} {t}.",
    "Then {n} {v} a {c} {t} near the {q}.",
)
THIRD = (
    "{n} felt very {f}.",
    "The {a} was {f}.",
    "{m} gave the {a} a {u}.",
    '"What a nice {u}!" said {m}.',
)
ASKED = (
    ("Where did {n} go?", "the {p}"),
    ("Where was {n} first?", "the {p}"),
    ("What did {n} {w}?", "a {c} {t}"),
    ("Who {v} the {t}?", "{n}"),
    ("What colour was the {t}?", "{c}"),
    ("How did {n} feel?", "{f}"),
    ("Who gave the {a} a {u}?", "{m}"),
    ("What did {m} give the {a}?", "a {u}"),
)
REPLIES = {
    "where": (
        ("Where did {n} go?", ("To the {p}.", "Over to the {p}.", "Into the {p}.", "Back to the {p}.")),
        ("Where is the {a}?", ("In the {p}.", "Over there by the {p}.", "It is near the {p}.")),
        ("Where did you {w} the {t}?", ("In the {p}.", "It was near the {p}.", "Over there by the {p}.")),
    ),
    "who": (
        ("Who {v} the {t}?", ("It was {m}.", "My friend {m}.", "{m} did.", "Only {m}.")),
        ("Who is that?", ("It is {m}.", "My friend {m}.", "Only {m}.")),
        ("Who gave you the {t}?", ("It was {m}.", "My friend {m}.", "{m} did.")),
    ),
    "what": (
        ("What did {n} {w}?", ("A {c} {t}.", "The {t}.", "Only an old {t}.")),
        ("What is in the box?", ("A {c} {t}.", "The {t}.", "Only an old {t}.")),
        ("What do you want?", ("A {c} {t}.", "The {t}.", "I want a {t}.", "Only an old {t}.")),
    ),
    "how": (
        ("How did {n} feel?", ("Very {f}.", "So {f}!", "A little {f}.")),
        ("How is the {a}?", ("Very {f}.", "So {f}!", "A little {f}.")),
    ),
    "when": (
        ("When will {n} come back?", ("In the morning.", "At night.", "Tomorrow.", "After lunch.", "In the winter.")),
        ("When did the {a} go?", ("In the morning.", "At night.", "Yesterday.", "After lunch.", "In the winter.")),
    ),
    "why": (
        ("Why is {n} {f}?", ("Because {m} lost the {t}.", "Because the {a} was hungry.", "Because it was {c}.")),
        ("Why did you {w} it?", ("Because {m} lost the {t}.", "Because the {a} was hungry.", "Because it was {c}.")),
    ),
}  # fmt: skip
"""By kind: every question with the replies that answer it. A reply of another kind does not, but for those of ``TOO_NEAR``."""
TOO_NEAR = {("what", "who")}
"""(question, reply) that may still fit, as in "What did Tim find?" "My friend Anna."."""


@dataclass(frozen=True)
class Story:
    """A text, a question about it, and the part of the text that answers it."""

    text: str
    question: str
    answer: str


@dataclass(frozen=True)
class Reply:
    """A question, and a reply that answers it or not."""

    question: str
    reply: str
    answers: bool


def _words(side: Side, rng: random.Random) -> dict[str, str]:
    (n, m), (p, q), (t, u) = (rng.sample(pool[side].split(), 2) for pool in (NAMES, PLACES, THINGS))
    v, w = rng.choice(VERBS)
    return {
        "n": n, "m": m, "p": p, "q": q, "t": t, "u": u, "v": v, "w": w, "f": rng.choice(FEELINGS),
        "a": rng.choice(ANIMALS[side].split()), "c": rng.choice(COLOURS[side].split()),
    }  # fmt: skip


def _with_an(text: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def stories(side: Side, count: int, seed: int) -> list[Story]:
    """Return stories with a question that their text answers."""
    rng = random.Random(f"stories-{side}-{seed}")
    found: dict[tuple[str, str], Story] = {}
    while len(found) < count:
        w = _words(side, rng)
        text = " ".join(rng.choice(part).format_map(w) for part in (FIRST, SECOND, THIRD))
        asked, answer = (part.format_map(w) for part in rng.choice(ASKED))
        text, asked, answer = _with_an(text), _with_an(asked), _with_an(answer)
        told = {"gave": "gave" in text, "feel": f"{w['n']} felt" in text}
        if (" gave " in f" {asked} " or " give " in asked) and not told["gave"]:
            continue
        if "feel" in asked and not told["feel"]:
            continue
        if asked == f"Where did {w['n']} go?" and f"{w['n']} was playing" in text:
            continue
        if re.search(rf"\b{re.escape(answer)}\b", text):
            found.setdefault((text, asked), Story(text, asked, answer))
    return list(found.values())


def replies(side: Side, count: int, seed: int) -> list[Reply]:
    """Return pairs, every second one a reply to another kind of question."""
    rng = random.Random(f"replies-{side}-{seed}")
    found: dict[tuple[str, str], Reply] = {}
    while len(found) < count:
        w, kind, yes = _words(side, rng), rng.choice(list(REPLIES)), len(found) % 2 == 0
        asked, fitting = rng.choice(REPLIES[kind])
        if asked == "Where did you {w} the {t}?" and w["w"] == "want":
            continue
        if not yes:
            others = [one for one in REPLIES if one != kind and (kind, one) not in TOO_NEAR]
            _, fitting = rng.choice(REPLIES[rng.choice(others)])
        question = asked.format_map(w)
        reply = _with_an(rng.choice(fitting).format_map(w))
        found.setdefault((question, reply), Reply(question, reply, yes))
    return list(found.values())


def written_stories(name: str = "stories.tsv") -> list[Story]:
    """Return stories written by hand: those to test with."""
    return [Story(*row) for row in sample_rows(name)]


def first_stories() -> list[Story]:
    """Return the first stories to learn from, written by hand."""
    return written_stories("first_stories.tsv")


def written_replies(name: str = "answers.tsv") -> list[Reply]:
    """Return pairs written by hand: those to test with."""
    return [Reply(question, reply, label == "yes") for label, question, reply in sample_rows(name)]


def first_replies() -> list[Reply]:
    """Return the first pairs to learn from, written by hand: every question and every reply once with either label."""
    return written_replies("first_answers.tsv")
