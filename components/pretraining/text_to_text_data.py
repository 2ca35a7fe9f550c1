"""Lessons of the text-to-text model: conversions of dates and numbers, and gaps in lines that say the same twice.

Nothing is read from a file: every lesson is made from a date or a number, so there is no text and no licence. Dates and
numbers are held out by a hash of their value, in every way of writing them.
"""

import datetime
import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from components.lm.transformer import conversions as c
from components.lm.transformer.spans import SENTINELS, corrupt

SPECIAL_SYMBOLS = ("<pad>", "<s>", "</s>", "<unk>", *SENTINELS)
PAD, START, END, UNKNOWN = range(4)
_LETTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789 ,.:=-/" + "년월일요" + c.WEEKDAYS_KO + "영일이삼사오육칠팔구십백천"
)
SYMBOLS = (*SPECIAL_SYMBOLS, *sorted(set(_LETTERS)))
"""One symbol a character; the ids are the places in this tuple."""
HELD_OUT_SHARE = 13 / 256  # about 1 in 20
_IDS = {symbol: i for i, symbol in enumerate(SYMBOLS)}
WORD_GAPS = 0.8  # share of gaps that are whole words or numbers
_GAP_LENGTHS = (1, 2, 3, 4, 5, 6)  # of the other gaps
_WORD = re.compile("[a-z]+|[0-9]+|[^ ]")
_NUM_DAYS = (c.LAST_DATE - c.FIRST_DATE).days + 1

Value = datetime.date | int


@dataclass(frozen=True)
class Lesson:
    """One text in, one text out, as symbols without start and end. ``kind`` is a task word, or "fill"."""

    kind: str
    value: Value
    source: tuple[str, ...]
    target: tuple[str, ...]
    source_form: str

    @property
    def source_ids(self) -> list[int]:
        """What the encoder reads: the symbols and the end symbol."""
        return [*(_IDS[s] for s in self.source), END]

    @property
    def target_ids(self) -> list[int]:
        """What the decoder is to write: the symbols and the end symbol."""
        return [*(_IDS[s] for s in self.target), END]


def is_held_out(value: Value) -> bool:
    """Whether a date or number is never trained on, in no way of writing it."""
    return hashlib.sha256(str(value).encode()).digest()[0] < HELD_OUT_SHARE * 256


def draw_value(rng: random.Random, held_out: bool, kind: str = "") -> Value:
    """A date or a number ("date", "number", "" for either), from the held-out ones or from the others."""
    while True:
        value: Value
        if (rng.random() < 0.5) if not kind else kind == "date":
            value = c.FIRST_DATE + datetime.timedelta(days=rng.randrange(_NUM_DAYS))
        else:
            value = rng.randint(1, c.LARGEST_NUMBER)
        if is_held_out(value) == held_out:
            return value


def draw_conversion(rng: random.Random, value: Value, task: str = "", form: str = "") -> Lesson:
    """A conversion of a value; half of the sources are in one of the forms that the model can write itself."""
    task = task or rng.choice(c.task_forms(value))
    own = [name for name in c.task_forms(value) if name != task]
    every = [name for name in (c.NUMBER_FORMS if isinstance(value, int) else c.DATE_FORMS) if name != task]
    form = form or rng.choice(own if rng.random() < 0.5 else every)
    source = f"{task}: {c.write(value, form)}"
    return Lesson(task, value, tuple(source), tuple(c.write(value, task)), form)


def draw_fill(rng: random.Random, value: Value) -> Lesson:
    """A line that says a value twice, with one or two gaps in one half, all of them known from the other half."""
    while True:
        forms = rng.sample(c.task_forms(value), 2)
        halves: list[Sequence[str]] = [c.write(value, form) for form in forms]
        side = rng.randrange(2)
        spans = _draw_spans(rng, "".join(halves[side]))
        if not spans:
            continue
        halves[side], target = corrupt(halves[side], spans)
        source = [*halves[0], *c.EQUALS, *halves[1]]
        if c.fill_answer("".join(source)) == "".join(target):
            return Lesson("fill", value, tuple(source), tuple(target), " = ".join(forms))


def _draw_spans(rng: random.Random, text: str) -> list[tuple[int, int]]:
    """One span, or two (one time in three), that leave something of the text; empty if it did not work out.

    Most spans are whole words or numbers, as T5's are whole tokens; the others begin and end anywhere.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    spans: list[tuple[int, int]] = []
    for _ in range(rng.choice((1, 1, 2))):
        if rng.random() < WORD_GAPS:
            first = rng.randrange(len(words))
            start, end = words[first][0], words[min(first + rng.randrange(3), len(words) - 1)][1]
        else:
            start = rng.randrange(len(text))
            end = min(start + rng.choice(_GAP_LENGTHS), len(text))
        touches = any(start <= after and before <= end for before, after in spans)
        if touches or end - start == len(text):
            return []
        spans.append((start, end))
    return sorted(spans)


def draw_lesson(rng: random.Random, fill_share: float) -> Lesson:
    """A training lesson: a gap line in ``fill_share`` of the cases, else a conversion."""
    value = draw_value(rng, held_out=False)
    return draw_fill(rng, value) if rng.random() < fill_share else draw_conversion(rng, value)


def held_out_lessons(kind: str, count: int) -> list[Lesson]:
    """The same ``count`` lessons each time, on held-out values: a task word, "date" (any date task), or "fill"."""
    rng = random.Random(f"held out {kind}")
    made = []
    for _ in range(count):
        if kind == "fill":
            made.append(draw_fill(rng, draw_value(rng, held_out=True)))
        else:
            dates = kind == "date" or kind in c.DATE_TASKS
            value = draw_value(rng, held_out=True, kind="date" if dates else "number")
            made.append(draw_conversion(rng, value, "" if kind == "date" else kind))
    return made


def build_tokenizer() -> Tokenizer:
    """One symbol a character, lower case and composed (NFC); the end symbol is added, as the model was trained."""
    tokenizer = Tokenizer(models.WordLevel(dict(_IDS), unk_token="<unk>"))
    tokenizer.add_special_tokens(list(SPECIAL_SYMBOLS))
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", END)])
    return tokenizer


def wrap_tokenizer(max_length: int) -> Any:
    """The tokenizer as ``AutoTokenizer`` knows it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(),
        model_max_length=max_length,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=list(SENTINELS),
    )
