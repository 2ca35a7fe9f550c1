"""Instruction tuning: a language model learns from pairs of a request and an answer that the request is to be answered.

What is trained is the language model itself, on the answer's tokens only: loss = −Σ log p(token of the answer | request, what
stands before) / tokens (Wei et al. 2022, FLAN, https://arxiv.org/abs/2109.01652, section 2; Ouyang et al. 2022, InstructGPT,
https://arxiv.org/abs/2203.02155, 3.5, step 1). The pairs are put together here from sentences of ours: a request names two things,
and the story has both. What is measured on requests that were never tuned on: does the answer take the form of a story, and are
the words that were asked for in it?

>>> asked = Asked("cow", "drum")
>>> request(asked)
'Tell a story about a cow and a drum.\\nStory:'
>>> takes_form(" Once upon a time, there was a cow."), takes_form(" The cow. The drum.")
(True, False)
>>> words_used("The cows saw a tree.", asked)
1
"""

from __future__ import annotations

import copy
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from components.lm.alignment.dpo import log_probs
from components.lm.alignment.in_parts import InParts
from components.lm.alignment.kl import filled_left
from components.lm.fine_tuning.loop import Loop, Recipe, marks
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from components.lm.checkpoints import LoadedModel

SIZES = (0, 5, 20, 50, 100, 400, 1_300)
"""Pairs of the recorded models; 0 is the untouched one."""
SEEDS = (0, 1, 2)
RATE, BATCH = 5e-4, 10
PASSES = {5: 6, 20: 4, 50: 3, 100: 2, 400: 2, 1_300: 2}
"""Few pairs are read more often."""
HELD_OUT = 40
"""Requests of each kind that are measured and never tuned on."""
NEW_TOKENS, TEMPERATURE, AT_ONCE = 48, 0.7, 10
"""Tokens of an answer at most; logits are divided by the temperature; answers written at once, on which the draws depend."""

Kind = Literal["seen", "new"]
"""Both words occur in the tuning pairs, though never together; or neither occurs in any of them."""

CREATURES = ["dog", "cat", "bird", "fish", "bear", "rabbit", "duck", "mouse", "lion", "horse", "cow", "pig", "fox", "wolf", "butterfly", "bee", "monkey", "goat", "hen", "king", "princess", "prince", "farmer", "doctor", "boy", "girl"]  # fmt: skip
THINGS = ["ball", "doll", "hat", "book", "box", "apple", "flower", "bell", "drum", "car", "truck", "bag", "cup", "egg", "cookie", "balloon", "train", "ship", "key", "ring", "shoe", "dress", "stone", "ladder", "bed", "door", "candle", "spoon", "coat", "chair"]  # fmt: skip
NEW_CREATURES = ["frog", "elephant", "queen", "turtle", "squirrel", "snake"]
NEW_THINGS = ["kite", "boat", "cake", "moon", "bike", "lamp", "basket", "pie"]
"""Words of the held-out requests that no tuning pair has."""

NAMES = ["Lily", "Tom", "Ben", "Mia", "Sam", "Anna", "Max", "Lucy", "Tim", "Sue", "Jack", "Amy"]
LOOKS = {
    "creature": ["little", "big", "old", "small", "kind", "brave", "hungry", "shy", "tired", "funny"],
    "thing": ["little", "big", "old", "small", "pretty", "strange", "shiny", "heavy", "new", "broken"],
}
DAYS = ["sunny", "cold", "rainy", "warm", "windy", "quiet"]

OPENINGS = {
    "creature": (
        "Once upon a time, there was a {l} {x}.",
        "Once upon a time, there was a {x} who lived alone.",
        "One day, a {x} went for a long walk.",
        "One {d} morning, a {l} {x} woke up early.",
        "There was once a {l} {x} who had no friends.",
        "Long ago, a {l} {x} lived far away.",
        "One {d} day, {n} met a {x}.",
    ),
    "thing": (
        "Once upon a time, a child named {n} had a {l} {x}.",
        "One day, {n} found a {l} {x} on the road.",
        "One {d} morning, {n} lost a {x}.",
        "There was once a {l} {x} that nobody wanted.",
        "Long ago, {n} made a {l} {x}.",
        "Once upon a time, {n} wanted a {x} for a birthday.",
        "One {d} day, {n} and {m} saw a {l} {x}.",
    ),
}
MIDDLES = {
    "creature": (
        "Then a {y} came by and said hello.",
        "A {l2} {y} was watching from far away.",
        '"Come with me," said a {y}.',
        'Soon a {y} asked, "Can I help you?"',
        "{m} came too, and so did a {l2} {y}.",
        "A {y} was there and began to sing.",
    ),
    "thing": (
        "There was a {y} in the grass.",
        "Then {m} came with a {l2} {y}.",
        '"Look, a {y}!" said {m}.',
        "Next to it was a {l2} {y}.",
        "What was that? It was a {y}.",
        "{m} asked for a {y}, too.",
    ),
}
ENDINGS = (
    "The {x} and the {y} were together, and {m} was very happy.",
    "In the evening, {m} took the {y} home.",
    "After that day, the {x} was never alone again.",
    "Everybody laughed, and they all went home to sleep.",
    '{m} smiled and said, "Thank you."',
    "They played until it was dark, and then they went to sleep.",
    "From then on, {m} always thought of the {x}.",
)
FORM = re.compile(
    r"\s*(Once\b|One (?:\w+ )?(?:day|morning|night|evening)\b|There (?:was|were|once|lived)\b|Long ago\b|In a\b)"
)
"""How a story begins: the answers that count as taking the form."""


@dataclass(frozen=True)
class Asked:
    """The two words of a request, in its order."""

    one: str
    other: str


@dataclass(frozen=True)
class Pair:
    """A request and the answer to learn."""

    asked: Asked
    answer: str


def _article(text: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def instruction(asked: Asked) -> str:
    """Return what is asked, without the frame."""
    return _article(f"Tell a story about a {asked.one} and a {asked.other}.")


def framed(text: str) -> str:
    """Return an instruction in the frame of every request: the answer follows ``Story:``."""
    return f"{text}\nStory:"


def request(asked: Asked) -> str:
    """Return the text a model reads."""
    return framed(instruction(asked))


def story(asked: Asked, rng: random.Random) -> str:
    """Return a story of ours that has both words, in either order."""
    words = [asked.one, asked.other]
    rng.shuffle(words)
    x, y = words
    n, m = rng.sample(NAMES, 2)
    kinds = ["creature" if word in (*CREATURES, *NEW_CREATURES) else "thing" for word in words]
    looks = [rng.choice(LOOKS[kind]) for kind in kinds]
    slots = {"x": x, "y": y, "n": n, "m": m, "l": looks[0], "l2": looks[1], "d": rng.choice(DAYS)}
    parts = (
        rng.choice(OPENINGS[kinds[0]]),
        rng.choice(MIDDLES[kinds[1]]),
        rng.choice(ENDINGS),
    )
    return _article(" ".join(part.format_map(slots) for part in parts))


@cache
def requests(kind: Kind) -> tuple[Asked, ...]:
    """Return the held-out requests of a kind: every request is another two words."""
    return tuple(_shuffled(kind)[:HELD_OUT])


@cache
def _shuffled(kind: Kind) -> tuple[Asked, ...]:
    """Return all requests of two words of a kind, mixed once for all; at most one of each two words."""
    words = [*CREATURES, *THINGS] if kind == "seen" else [*NEW_CREATURES, *NEW_THINGS]
    rng = random.Random(f"requests-{kind}")
    found = [Asked(*rng.sample(both, 2)) for both in combinations(words, 2)]
    rng.shuffle(found)
    return tuple(found)


def pairs(count: int, seed: int) -> list[Pair]:
    """Return ``count`` pairs to tune on, other ones for each seed; no request twice, and none of those held out.

    Raises:
        ValueError: there are not so many.
    """
    rng = random.Random(f"pairs-{seed}")
    free = list(_shuffled("seen")[HELD_OUT:])
    if not 0 <= count <= len(free):
        raise ValueError(f"0 to {len(free)} pairs")
    rng.shuffle(free)
    return [Pair(asked, story(asked, rng)) for asked in free[:count]]


def takes_form(answer: str) -> bool:
    """Return whether an answer begins as a story does."""
    return FORM.match(answer) is not None


def words_used(answer: str, asked: Asked) -> int:
    """Return how many of the two words stand in an answer, alone or with the -s of more than one."""
    said = set(re.findall(r"[a-z]+", answer.lower()))
    return sum(bool({word, f"{word}s", f"{word}es"} & said) for word in (asked.one, asked.other))


@dataclass(frozen=True)
class Counted:
    """What a model's answers to one kind of request come to.

    ``form``: of ``answers``, how many begin as a story. ``used``: of ``2 * answers`` requested words, how many are said.
    ``by_chance``: the same for the words of the next request; two requests in a row may have a word in common, so this is
    somewhat above chance. ``ended``: answers that end by themselves.
    """

    answers: int
    form: int
    used: int
    by_chance: int
    ended: int


def counted(answers: Sequence[str], ended: Sequence[bool], asked: Sequence[Asked]) -> Counted:
    """Count answers to requests, in their order."""
    n = len(answers)
    return Counted(
        n,
        sum(map(takes_form, answers)),
        sum(map(words_used, answers, asked)),
        sum(words_used(answers[i], asked[(i + 1) % n]) for i in range(n)) if n > 1 else 0,
        sum(ended),
    )


# -- the model -----------------------------------------------------------------------------------------------------------


def ids_of(loaded: LoadedModel, text: str) -> list[int]:
    """Return a request's token ids, after the beginning-of-text token."""
    return [*beginning_ids(loaded), *pieces(loaded, text)]


def answer_ids(loaded: LoadedModel, answer: str) -> list[int]:
    """Return the token ids that are learned: the answer and the end of the text."""
    return [*pieces(loaded, f" {answer}"), loaded.tokenizer.eos_token_id]


def write(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    generator: torch.Generator,
    *,
    end: int,
    tokens: int = NEW_TOKENS,
    temperature: float = TEMPERATURE,
) -> list[list[int]]:
    """Return how a model goes on after each prompt until it draws ``end``, which is the last id then, or ``tokens`` are written.

    Args:
        model: GPT-2 with its head.
        prompts: token ids; shorter ones are filled at their left end, which nothing looks at.
        generator: of the draws; one draw serves all prompts at each position.
        end: id of the end of a text.
        tokens: at most so many.
        temperature: logits are divided by it.
    """
    import torch

    ids, seen, places = filled_left(prompts)
    written: list[list[int]] = [[] for _ in prompts]
    gpt: Any = model
    kept: Any = None
    with torch.inference_mode():
        for _ in range(tokens):
            out = gpt.transformer(input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=kept, use_cache=True)  # fmt: skip
            kept = out.past_key_values
            scores = gpt.lm_head(out.last_hidden_state[:, -1]) / temperature
            ids = torch.multinomial(scores.softmax(-1), 1, generator=generator)
            for row, (drawn,) in zip(written, ids.tolist(), strict=True):
                if not row or row[-1] != end:
                    row.append(drawn)
            if all(row[-1] == end for row in written):
                break
            seen = torch.cat([seen, seen.new_ones(len(prompts), 1)], 1)
            places = places[:, -1:] + 1
    return written


@dataclass(frozen=True)
class Answer:
    """A written answer, and whether it ended by itself."""

    text: str
    ended: bool


def answers(
    loaded: LoadedModel,
    model: PreTrainedModel,
    texts: Sequence[str],
    seed: int,
    *,
    tokens: int = NEW_TOKENS,
    at_once: int = AT_ONCE,
) -> Iterator[list[Answer]]:
    """Yield the answers to requests, ``at_once`` at a time; ``model`` is ``loaded``'s or one tuned from it."""
    import torch

    end = loaded.tokenizer.eos_token_id
    generator = torch.Generator().manual_seed(seed)
    for i in range(0, len(texts), at_once):
        rows = [ids_of(loaded, text) for text in texts[i : i + at_once]]
        yield [
            Answer(loaded.tokenizer.decode([t for t in row if t != end]), row[-1] == end)
            for row in write(model, rows, generator, end=end, tokens=tokens)
        ]


FEELING = "Is the person happy or sad?"
"""The instruction of the other task: its input is a sentence, its output one word."""


def feeling_request(sentence: str) -> str:
    """Return an instruction with an input, as a model reads it.

    >>> feeling_request("Lily lost her hat.")
    'Is the person happy or sad?\\nLily lost her hat.\\nAnswer:'
    """
    return f"{FEELING}\n{sentence}\nAnswer:"


def feeling_said(answer: str) -> str:
    """Return the first word of an answer if it is ``happy`` or ``sad``, else nothing.

    >>> feeling_said(" happy."), feeling_said(" He was sad.")
    ('happy', '')
    """
    first = re.match(r"\W*(happy|sad)\b", answer.lower())
    return first[1] if first else ""


def worked(examples: Sequence[Pair], asked: Asked) -> str:
    """Return a request after worked examples: the untouched model can only go on with the pattern."""
    return "\n\n".join([*(f"{request(e.asked)} {e.answer}" for e in examples), request(asked)])


@dataclass(frozen=True)
class Setting:
    """A run: how many pairs, and the seed that chooses them, orders them, and draws the answers."""

    pairs: int
    seed: int = 0


@dataclass
class Run:
    """One entry a moment: what the answers to held-out requests come to, and what was written.

    ``counts``: by kind of request. ``answers``: of each kind of request the texts, then those to the reader's own request.
    """

    setting: Setting
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    counts: list[dict[str, Counted]] = field(default_factory=list)
    answers: list[dict[str, list[str]]] = field(default_factory=list)
    seconds: float = 0.0
    measuring: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Instructed(InParts):
    """A model that is tuned on pairs, a step at a time, with measurements at some steps."""

    def __init__(
        self,
        loaded: LoadedModel,
        setting: Setting,
        *,
        moments: int = 1,
        held_out: int = HELD_OUT,
        own: Sequence[str] = (),
        at_once: int = AT_ONCE,
    ) -> None:
        """Begin.

        Args:
            loaded: the untouched model; it is not changed.
            setting: pairs and seed.
            moments: how often it is measured: 1 for the end alone.
            held_out: requests of each kind that are measured, of ``HELD_OUT``.
            own: instructions of a reader that are answered at each moment, too.
            at_once: so many answers are written together; the draws depend on it.
        """
        self._loaded, self._held_out, self._own, self._at_once = loaded, held_out, list(own), at_once
        self.model = copy.deepcopy(loaded.model).float().eval()
        self.model.requires_grad_(True)
        self._rows = [
            (ids_of(loaded, request(p.asked)), answer_ids(loaded, p.answer))
            for p in pairs(setting.pairs, setting.seed)
        ]
        passes = PASSES.get(setting.pairs, 3)
        self.loop = Loop(list(self.model.parameters()), self._loss, len(self._rows), Recipe(RATE, passes, BATCH, setting.seed))  # fmt: skip
        last = self.loop.steps
        self._moments = {last} if moments == 1 else set(marks(last, moments))
        self.run: Run = Run(setting)
        self._work = self._measure() if 0 in self._moments else None

    def _loss(self, places: Sequence[int]) -> torch.Tensor:
        """Return the mean loss of the answers' tokens of a batch."""
        some = [self._rows[i] for i in places]
        return -log_probs(self.model, some).sum() / sum(len(answer) for _, answer in some)

    def _answers(self, texts: Sequence[str]) -> Iterator[list[Answer]]:
        return answers(self._loaded, self.model, texts, self.run.setting.seed, at_once=self._at_once)

    def _measure(self) -> Iterator[None]:
        """Have this moment's answers written, some at a time."""
        began = time.thread_time()
        counts: dict[str, Counted] = {}
        texts: dict[str, list[str]] = {}
        kinds: tuple[Kind, ...] = ("seen", "new")
        for kind in kinds:
            asked = requests(kind)[: self._held_out]
            written: list[Answer] = []
            for some in self._answers([request(one) for one in asked]):
                written += some
                yield
            texts[kind] = [one.text for one in written]
            counts[kind] = counted(texts[kind], [one.ended for one in written], asked)
        texts["own"] = []
        for some in self._answers([framed(text) for text in self._own]):
            texts["own"] += [one.text for one in some]
            yield
        self.run.steps.append(self.loop.step)
        self.run.counts.append(counts)
        self.run.answers.append(texts)
        self.run.measuring += time.thread_time() - began
