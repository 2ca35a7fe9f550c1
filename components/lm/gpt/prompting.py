"""How much the wording of a prompt decides: the same questions, the same model, other words around them.

A model is not asked to write. Two answers are compared by what the model gives them after the prompt (as GPT-2 and GPT-3
are measured on tasks with choices: Radford et al. 2019, 3.4; Brown et al. 2020, 2.4), and an answer is right when its
log-probability, less the other's, is above a threshold. Three thresholds:

- ``plain``: 0, the answers as they stand;
- ``empty``: what the same prompt gives the answers when the text in it is left out (contextual calibration, Zhao et al.
  2021, arXiv:2102.09690; for answers of several words the correction of Holtzman et al. 2021, arXiv:2104.08315);
- ``median``: the middle of other texts of the same kind, whose labels are not looked at.

>>> fill("{text} He was very", {"text": "It rained."})
'It rained. He was very'
>>> fill("{text} He was very", {"text": ""})
'He was very'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from components.lm.gpt.word_codes import wilson_interval

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Way = Literal["plain", "empty", "median"]
WAYS: tuple[Way, ...] = ("plain", "empty", "median")
"""How the threshold is set."""
Floats = npt.NDArray[np.float64]
SAMPLES = Path(__file__).parents[3] / "assets" / "samples" / "prompting"
ASKED = 60
"""Questions of each study."""
BATCH = 8
"""Prompts that are read at once: the probabilities of a vocabulary of 50,257 over 60 tokens each are 100 MB."""


class BadPrompt(ValueError):
    """A prompt that cannot be asked; ``code``: no_slot, no_label, same_labels, too_long, no_token."""

    def __init__(self, code: str, **slots: object) -> None:
        super().__init__(code)
        self.code, self.slots = code, slots


@dataclass(frozen=True)
class Prompt:
    """``template`` holds the places of the question, as ``{text}``; ``labels`` are the two answers where all share them."""

    template: str
    labels: tuple[str, str] | None = None


@dataclass(frozen=True)
class Question:
    """One question: what stands in the prompt's places, its two ``answers`` (None: the prompt's labels), and which is right."""

    slots: tuple[tuple[str, str], ...]
    answers: tuple[str, str] | None
    right: int


@dataclass(frozen=True)
class Study:
    """Prompts for the same questions. ``slot`` is the place that is left empty for calibration; ``spare`` questions set a median."""

    name: str
    slot: str
    questions: tuple[Question, ...]
    spare: tuple[Question, ...]
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class Scores:
    """What a model makes of one prompt: log P(first answer) - log P(second), in nats.

    ``margins`` (60,) of the questions, ``empty`` (60,) or (1,) without the text, ``spare`` (m,) of the other texts;
    ``mass``: what both answers together get of the probability, mean over the questions.
    """

    margins: tuple[float, ...]
    empty: tuple[float, ...]
    spare: tuple[float, ...]
    mass: float

    def thresholds(self, way: Way) -> Floats:
        """Return the threshold of each question, (60,). Raises ``ValueError`` for a median without other texts."""
        if way == "empty":
            return np.broadcast_to(np.asarray(self.empty, float), len(self.margins))
        if way == "median" and not self.spare:
            raise ValueError("no other texts")
        return np.full(len(self.margins), float(np.median(self.spare)) if way == "median" else 0.0)

    def right(self, questions: Sequence[Question], way: Way) -> npt.NDArray[np.bool_]:
        """Return which questions are answered right, (60,). A margin on the threshold is wrong either way."""
        above = np.asarray(self.margins) - self.thresholds(way)
        wanted = np.array([question.right for question in questions])
        return np.asarray(np.where(wanted == 0, above > 0, above < 0))


def share(right: int, total: int) -> tuple[float, float, float]:
    """Return a share and its 95% interval.

    >>> [round(x, 2) for x in share(45, 60)]
    [0.75, 0.63, 0.84]
    """
    return (right / total, *wilson_interval(right, total))


# -- the studies ----------------------------------------------------------------------------------------------------------


def rows(name: str) -> list[list[str]]:
    """Return the rows of a file of questions; its first line names origin and licence."""
    text = (SAMPLES / f"{name}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def feelings() -> tuple[Question, ...]:
    """Return 100 scenes, happy (0) or sad (1) by turns; the first 60 are asked, the others set the median."""
    return tuple(Question((("text", text),), None, int(label == "sad")) for label, text in rows("feelings"))


@cache
def gists() -> tuple[Question, ...]:
    """Return 60 tiny stories, each with its line and its neighbor's."""
    found = rows("gists")
    return tuple(
        Question((("text", story),), (gist, found[i ^ 1][1]), 0) for i, (story, gist) in enumerate(found)
    )


@cache
def questions() -> tuple[Question, ...]:
    """Return 60 questions about two sentences."""
    return tuple(
        Question((("text", text), ("question", asked), ("start", start)), (right, wrong), 0)
        for text, asked, start, right, wrong in rows("questions")
    )


@cache
def opposites() -> tuple[Question, ...]:
    """Return 60 words with their opposites."""
    return tuple(Question((("text", word),), (right, wrong), 0) for word, right, wrong in rows("opposites"))


DEMONSTRATIONS = (
    ("Mia got a new bicycle.", "happy"),
    ("Mia lost her shoe.", "sad"),
    ("The boy won the game.", "happy"),
    ("The boy broke his toy.", "sad"),
)
LABELS = ("happy", "sad")
WORDINGS = (
    "{text} He was very",
    "{text} She was very",
    "{text} He felt",
    "{text} She felt very",
    "{text} Everyone was",
    "One day, {text} He was very",
    '{text} "I am so',
    "{text} Was he happy or sad? He was",
    "{text} Was he sad or happy? He was",
    "{text}\nQuestion: How does he feel?\nAnswer:",
    "{text} TL;DR:",
    "{text} =",
)
LABEL_PAIRS = (
    ("happy", "sad"),
    ("glad", "sorry"),
    ("good", "bad"),
    ("pleased", "sorry"),
    ("excited", "afraid"),
    ("hot", "cold"),
    ("red", "blue"),
    ("yes", "no"),
    ("ball", "tree"),
    ("sad", "happy"),
)
SUMMARIES = (
    "{text}",
    "{text} TL;DR:",
    "{text}\nTL;DR:",
    "{text} In short:",
    "{text} A story:",
    "{text} So you see:",
    "{text} This story is about how",
    "{text} Once upon a time",
    "{text} =",
)
ASKING = (
    "{text} {question}",
    "{text} {question} A:",
    "{text}\nQ: {question}\nA:",
    "{text}\nQ: {question}\nA: {start}",
    "{question} {text} {start}",
    "{text} {start}",
    "Tom had a red cap. Ann had a blue cup. The cup is blue. {text} {start}",
    "{text} So, {question} {start}",
)
OPPOSING = (
    "{text} =",
    "big = little\n{text} =",
    "big = little\nhot = cold\n{text} =",
    "{text} :",
    "{text} and",
    "The opposite of {text} is",
    "It was not {text}. It was",
    "One was {text}, and the other was",
    "not {text} but",
)


def ordered(order: Sequence[int]) -> str:
    """Return the prompt that shows the four demonstrations in this order.

    >>> ordered((1, 0, 2, 3))[:55]
    'Mia lost her shoe. She was very sad. Mia got a new bicy'
    """
    shown = " ".join(f"{DEMONSTRATIONS[i][0]} She was very {DEMONSTRATIONS[i][1]}." for i in order)
    return f"{shown} {{text}} He was very"


ORDERS = tuple(permutations(range(len(DEMONSTRATIONS))))


def labelled(labels: tuple[str, str]) -> str:
    """Return the prompt that shows two demonstrations with these labels."""
    shown = " ".join(f"{DEMONSTRATIONS[i][0]} She was very {labels[i]}." for i in range(2))
    return f"{shown} {{text}} He was very"


STUDY_NAMES = ("wording", "order", "labels", "summary", "question", "opposite")


@cache
def study(name: str) -> Study:
    """Return one of the six studies. Raises ``KeyError`` for another name."""
    scenes = (feelings()[:ASKED], feelings()[ASKED:])
    if name == "wording":
        return Study(name, "text", *scenes, tuple(Prompt(text, LABELS) for text in WORDINGS))
    if name == "order":
        return Study(name, "text", *scenes, tuple(Prompt(ordered(order), LABELS) for order in ORDERS))
    if name == "labels":
        return Study(name, "text", *scenes, tuple(Prompt(labelled(pair), pair) for pair in LABEL_PAIRS))
    asked, texts = {
        "summary": (gists(), SUMMARIES),
        "question": (questions(), ASKING),
        "opposite": (opposites(), OPPOSING),
    }[name]
    return Study(name, "text", asked, (), tuple(map(Prompt, texts)))


WORDINGS_KO = ("{text} 아이는 그것이 너무", "{text} 마음이 아주", "{text}\n질문: 기분이 어땠을까?\n대답:")


@cache
def in_korean() -> Study:
    """Return the first study in Korean, with three wordings: no page offers it, because the bundled Korean model answers by chance."""
    scenes = tuple(Question((("text", text),), None, int(label == "sad")) for label, text in rows("feelings_ko"))  # fmt: skip
    prompts = tuple(Prompt(text, ("기뻤다", "슬펐다")) for text in WORDINGS_KO)
    return Study("korean", "text", scenes[:ASKED], scenes[ASKED:], prompts)


# -- asking ---------------------------------------------------------------------------------------------------------------


def fill(template: str, slots: Mapping[str, str]) -> str:
    """Return the prompt with its places filled, without white space at its ends; one left empty leaves no gap."""
    filled = re.sub(r"\{(\w+)\}", lambda place: slots.get(place[1], place[0]), template)
    return re.sub(r"  +", " ", filled).strip()


def check(prompt: Prompt, asked: Study) -> None:
    """Raise ``BadPrompt`` if the prompt does not hold the question, or has no two labels where the study needs them."""
    if f"{{{asked.slot}}}" not in prompt.template:
        raise BadPrompt("no_slot", slot=f"{{{asked.slot}}}")
    if asked.questions[0].answers is None:
        if prompt.labels is None or not all(label.strip() for label in prompt.labels):
            raise BadPrompt("no_label")
        if prompt.labels[0].strip() == prompt.labels[1].strip():
            raise BadPrompt("same_labels", label=prompt.labels[0])


def answer_ids(loaded: LoadedModel, answer: str) -> tuple[int, ...]:
    """Return the tokens of an answer behind a prompt, where it begins with a space. Raises ``BadPrompt`` ``no_token``."""
    from components.lm.reading import pieces

    found = pieces(loaded, f" {answer.strip()}", before="a") if answer.strip() else ()
    if not found:
        raise BadPrompt("no_token", label=answer)
    return found


def log_probs(loaded: LoadedModel, texts: Sequence[str], answers: Sequence[tuple[str, str]]) -> Floats:
    """Return log P of both answers after each text, (text, 2), in nats: the sum over an answer's tokens.

    Raises:
        BadPrompt: ``too_long`` for the model's context, ``no_token`` for an answer that is nothing for the tokenizer.
    """
    import torch

    from components.lm.gpt.generation import context_length
    from components.lm.reading import read

    most = context_length(loaded.model)
    ends: dict[str, tuple[int, ...]] = {}
    for answer in dict.fromkeys(one for pair in answers for one in pair):
        ends[answer] = answer_ids(loaded, answer)
    rows: list[
        tuple[int, int, list[int], tuple[int, ...]]
    ] = []  # text, answer, the prompt's tokens, the answer's
    for i, (text, pair) in enumerate(zip(texts, answers, strict=True)):
        longest = max(len(ends[answer]) for answer in pair)
        reading = read(loaded, text, most=most - longest, cut="start")
        if reading.dropped:
            raise BadPrompt("too_long", n=len(reading) + reading.dropped, most=most - longest)
        # Two single tokens are read off one row.
        for k, answer in enumerate(pair if longest > 1 else pair[:1]):
            rows.append((i, k, reading.input_ids.tolist(), ends[answer]))
    found = np.zeros((len(texts), 2))
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        wide = [[*ids, *end[:-1]] for _, _, ids, end in some]
        width = max(map(len, wide))
        tokens = torch.tensor(
            [[*row, *[0] * (width - len(row))] for row in wide]
        )  # filled up where nobody looks
        logits = loaded.forward(input_ids=tokens).logits
        for b, (i, k, ids, end) in enumerate(some):
            logp = logits[b, len(ids) - 1 : len(ids) - 1 + len(end)].double().log_softmax(-1)
            found[i, k] = float(logp[range(len(end)), list(end)].sum())
            other = ends[answers[i][1]]
            if len(ends[answers[i][0]]) == len(other) == 1:
                found[i, 1] = float(logp[0, other[0]])
    return found


class Asking:
    """A prompt asked of a model, some questions at a time, so that it can be watched and stopped."""

    def __init__(self, loaded: LoadedModel, asked: Study, prompt: Prompt) -> None:
        check(prompt, asked)
        self.loaded, self.prompt = loaded, prompt
        all_of = [*asked.questions, *asked.spare]
        self._answers = [one.answers or prompt.labels or ("", "") for one in all_of]
        texts = [fill(prompt.template, dict(one.slots)) for one in all_of]
        bare = [fill(prompt.template, {**dict(one.slots), asked.slot: ""}) for one in asked.questions]
        same = asked.questions[0].answers is None
        bare = bare[:1] if same else bare
        self._jobs = [*zip(texts, self._answers, strict=True), *zip(bare, self._answers, strict=False)]
        self._sizes = (len(asked.questions), len(asked.spare), len(bare))
        self._found: list[Floats] = []
        self.done = 0
        self.total = len(self._jobs)

    def step(self) -> None:
        """Ask the next few questions."""
        some = self._jobs[self.done : self.done + BATCH]
        self._found.append(log_probs(self.loaded, [text for text, _ in some], [pair for _, pair in some]))
        self.done += len(some)

    def scores(self) -> Scores:
        """Return what was found, once all is asked."""
        if self.done < self.total:
            raise ValueError(f"{self.done} of {self.total} asked")
        found = np.concatenate(self._found)
        margins = [round(float(a - b), 4) for a, b in found]
        asked, spare, _ = self._sizes
        mass = float(np.exp(found[:asked]).sum(1).mean())
        return Scores(
            tuple(margins[:asked]),
            tuple(margins[asked + spare :]),
            tuple(margins[asked : asked + spare]),
            float(f"{mass:.3g}"),
        )


def ask(loaded: LoadedModel, asked: Study, prompt: Prompt) -> Scores:
    """Return what a model makes of one prompt. Raises ``BadPrompt``."""
    asking = Asking(loaded, asked, prompt)
    while asking.done < asking.total:
        asking.step()
    return asking.scores()
