"""From a text or a table to words with counts: what every tokenizer trainer of this course starts from.

A trainer never sees running text. It sees each different word once, with the number of times it occurs
(Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, section 3.2: counts are weighted by word frequency, and no
merge crosses the end of a word). Cutting text into words is called pre-tokenization. Ours: words are separated by
white space; a run of letters, digits, underscores and the marks that sit on them is one word; a run of anything
else (punctuation, signs, emoji) is one word.

>>> count_words("Low, lower: low!", lowercase=True).items()
(('low', 2), (',', 1), ('lower', 1), (':', 1), ('!', 1))

Nothing here writes sentences for readers. What is wrong with an input is said as a reason code with parameters
(:class:`Problem`), which the pages word in both languages.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import regex  # type: ignore[import-untyped]

MAX_TEXT_BYTES = 200_000
"""Largest text that a page accepts, in bytes of UTF-8."""
MAX_TABLE_ROWS = 2_000
"""Most rows of a typed word table."""
MAX_WORD_LETTERS = 200
"""Longest word of a typed word table, in code points."""
MAX_WORD_COUNT = 10**9
"""Largest count of one word: sums over a whole table stay far inside 64-bit integers."""

LetterForm = Literal["syllables", "jamo", "jamo_compat"]
"""How Korean is cut into letters: whole syllables (안), conjoining jamo (Unicode NFD) or separate compatibility
jamo (ㅇㅏㄴ). Text in other scripts is the same in ``syllables`` and ``jamo_compat``; ``jamo`` is NFD for every
script, so é becomes e + ´."""

ProblemCode = Literal[
    "empty_table",
    "empty_text",
    "missing_word",
    "missing_count",
    "count_not_a_number",
    "count_not_whole",
    "negative_count",
    "zero_count",
    "count_too_large",
    "duplicate_word",
    "word_too_long",
    "word_contains_space",
    "word_contains_control",
    "word_contains_end_mark",
    "too_many_rows",
    "text_too_large",
    "not_utf8",
    "lone_surrogate",
    "choice_not_tied",
    "bad_setting",
]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        code: which thing, one of :data:`ProblemCode`.
        params: what a sentence about it needs: ``row`` (from 1), ``word``, ``count``, ``limit``, ...
    """

    code: ProblemCode
    params: Mapping[str, str | int | float]


class InputProblem(ValueError):
    """An input that cannot be trained on. ``problems`` lists everything found, ``code`` and ``params`` the first.

    >>> InputProblem(Problem("zero_count", {"row": 2, "word": "low"})).code
    'zero_count'
    """

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        self.code = problems[0].code
        self.params = problems[0].params
        super().__init__("; ".join(f"{problem.code} {dict(problem.params)}" for problem in problems))


@dataclass(frozen=True)
class WordSpan:
    """A word and where it stands in its text: ``text[start:end]``, in code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class WordTable:
    """Different words in the order they were met, each with its count (at least 1).

    Attributes:
        words: the words, already in ``letter_form``.
        counts: how often each occurs, same order.
        letter_form: how Korean was cut into letters.
        text_bytes: size of the text the table was counted from, in bytes of UTF-8; 0 for a typed table.
        controls_removed: control characters that were left out of the text.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    letter_form: LetterForm = "syllables"
    text_bytes: int = 0
    controls_removed: int = 0

    @property
    def num_words(self) -> int:
        """Running words: the sum of the counts."""
        return sum(self.counts)

    def items(self) -> tuple[tuple[str, int], ...]:
        """Pairs of word and count, in order."""
        return tuple(zip(self.words, self.counts, strict=True))


# A word begins with a letter, a digit or an underscore and goes on with the marks that belong to it. A mark after
# anything else (the variation selector in an emoji) stays with what it stands on.
_WORD = regex.compile(r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*|[^\s\p{L}\p{N}_]+")


def split_words(text: str) -> tuple[WordSpan, ...]:
    """Pre-tokenize: the words of a text with their places.

    >>> [span.text for span in split_words("I don't know.")]
    ['I', 'don', "'", 't', 'know', '.']
    """
    return tuple(WordSpan(match.group(), match.start(), match.end()) for match in _WORD.finditer(text))


def decode_text(data: bytes, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """The text of a file, which must be UTF-8 (a byte order mark is dropped) and at most ``max_bytes`` long.

    Raises:
        InputProblem: ``text_too_large`` (bytes, limit) or ``not_utf8`` (position, byte).
    """
    _check_size(len(data), max_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        params: dict[str, str | int | float] = {
            "position": error.start,
            "byte": f"{error.object[error.start]:02X}",
        }
        raise InputProblem(Problem("not_utf8", params)) from None


def count_words(
    text: str,
    *,
    letter_form: LetterForm = "syllables",
    lowercase: bool = False,
    max_bytes: int | None = MAX_TEXT_BYTES,
) -> WordTable:
    """Count the words of a text, in the order they are first met.

    Control characters other than white space are left out and counted in ``controls_removed``.

    Raises:
        InputProblem: ``lone_surrogate`` (position), ``text_too_large`` (bytes, limit) or ``empty_text``.
    """
    size = utf8_size(text)
    if max_bytes is not None:
        _check_size(size, max_bytes)
    cleaned, removed = _remove_controls(text)
    if lowercase:
        cleaned = cleaned.lower()
    counts: Counter[str] = Counter(_WORD.findall(cleaned))
    if letter_form != "syllables":
        in_letters: Counter[str] = Counter()
        for word, count in counts.items():
            in_letters[to_letters(word, letter_form)] += count
        counts = in_letters
    if not counts:
        raise InputProblem(Problem("empty_text", {}))
    return WordTable(tuple(counts), tuple(counts.values()), letter_form, size, removed)


def check_word_table(
    rows: Iterable[tuple[object, object]], *, letter_form: LetterForm = "syllables"
) -> WordTable:
    """A typed table of words and counts, checked. Rows that are blank in both columns are skipped.

    Counts may arrive as int, float or text ("5", "5.0"); words are stripped of white space around them.

    Raises:
        InputProblem: with every problem of every row (``row`` counts from 1), or ``empty_table``.

    >>> check_word_table([("low", 5), ("lower", "2"), (None, None)]).items()
    (('low', 5), ('lower', 2))
    >>> try:
    ...     check_word_table([("low", 5), ("low", -1)])
    ... except InputProblem as found:
    ...     [problem.code for problem in found.problems]
    ['negative_count', 'duplicate_word']
    """
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    table: dict[str, int] = {}
    number_of_rows = 0
    for row, (raw_word, raw_count) in enumerate(rows, start=1):
        word = "" if _is_missing(raw_word) else str(raw_word).strip()
        if not word and _is_missing(raw_count):
            continue
        number_of_rows += 1
        if number_of_rows > MAX_TABLE_ROWS:
            raise InputProblem(Problem("too_many_rows", {"limit": MAX_TABLE_ROWS}))
        count, problem = _read_count(raw_count, row, word)
        if problem:
            problems.append(problem)
        problems.extend(_word_problems(word, row))
        if word in seen:
            problems.append(Problem("duplicate_word", {"row": row, "word": word, "first_row": seen[word]}))
        elif word:
            seen[word] = row
            table[word] = count
    if problems:
        raise InputProblem(*problems)
    if not table:
        raise InputProblem(Problem("empty_table", {}))
    in_letters: dict[str, int] = {}
    for word, count in table.items():
        letters = to_letters(word, letter_form)
        in_letters[letters] = in_letters.get(letters, 0) + count
    return WordTable(tuple(in_letters), tuple(in_letters.values()), letter_form)


def utf8_size(text: str) -> int:
    """Bytes of the text in UTF-8.

    Raises:
        InputProblem: ``lone_surrogate`` (position) when the text holds half of a surrogate pair, which has no UTF-8.
    """
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InputProblem(Problem("lone_surrogate", {"position": error.start})) from None


# Korean letters


def to_letters(text: str, letter_form: LetterForm) -> str:
    """Write text in the letters of a form; see :data:`LetterForm`.

    >>> to_letters("안녕", "jamo_compat")
    'ㅇㅏㄴㄴㅕㅇ'
    >>> len(to_letters("안녕", "jamo"))
    6
    """
    if letter_form == "syllables":
        return text
    if letter_form == "jamo":
        return unicodedata.normalize("NFD", text)
    compat = _compat_jamo()
    letters: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        # Only Korean is taken apart here; é stays one letter.
        parts = unicodedata.normalize("NFD", letter) if "가" <= letter <= "힣" else letter
        letters.extend(compat.get(part, part) for part in parts)
    return "".join(letters)


def readable_jamo(symbol: str) -> str:
    """A symbol made of conjoining jamo, as something a reader can see: whole syllables where it holds them,
    separate letters (ㄴ) for the rest. Other text is only composed (NFC).

    >>> readable_jamo("\u110b\u1161\u11ab\u1102")
    '안ㄴ'
    """
    compat = _compat_jamo()
    return "".join(compat.get(letter, letter) for letter in unicodedata.normalize("NFC", symbol))


@cache
def _compat_jamo() -> dict[str, str]:
    """Conjoining jamo -> compatibility jamo, found through the Unicode names of both."""
    table: dict[str, str] = {}
    for first, last in ((0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)):
        for code_point in range(first, last + 1):
            letter = unicodedata.name(chr(code_point)).split(" ", 2)[2]
            table[chr(code_point)] = unicodedata.lookup(f"HANGUL LETTER {letter}")
    return table


# Checking


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise InputProblem(Problem("text_too_large", {"bytes": size, "limit": limit}))


def _remove_controls(text: str) -> tuple[str, int]:
    """Drop control characters (category Cc) that are not white space."""
    controls = {
        letter for letter in set(text) if unicodedata.category(letter) == "Cc" and not letter.isspace()
    }
    if not controls:
        return text, 0
    kept = "".join(letter for letter in text if letter not in controls)
    return kept, len(text) - len(kept)


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, float) and math.isnan(value):
        return True
    return isinstance(value, str) and not value.strip()


def _read_count(raw: object, row: int, word: str) -> tuple[int, Problem | None]:
    """The count in a cell, or what is wrong with it."""
    where: dict[str, str | int | float] = {"row": row, "word": word}
    if _is_missing(raw):
        return 0, Problem("missing_count", where)
    where["count"] = str(raw)
    if isinstance(raw, bool):
        return 0, Problem("count_not_a_number", where)
    try:
        number = raw if isinstance(raw, int) else float(str(raw))
    except ValueError:
        return 0, Problem("count_not_a_number", where)
    if isinstance(number, float) and not math.isfinite(number):
        return 0, Problem("count_not_a_number", where)
    if number != int(number):
        return 0, Problem("count_not_whole", where)
    count = int(number)
    if count < 0:
        return 0, Problem("negative_count", where)
    if count == 0:
        return 0, Problem("zero_count", where)
    if count > MAX_WORD_COUNT:
        return 0, Problem("count_too_large", {**where, "limit": MAX_WORD_COUNT})
    return count, None


def _word_problems(word: str, row: int) -> tuple[Problem, ...]:
    if not word:
        return (Problem("missing_word", {"row": row}),)
    where: dict[str, str | int | float] = {"row": row, "word": word}
    if len(word) > MAX_WORD_LETTERS:
        where["word"] = word[:20] + "…"
        return (Problem("word_too_long", {**where, "letters": len(word), "limit": MAX_WORD_LETTERS}),)
    if any(letter.isspace() for letter in word):
        return (Problem("word_contains_space", where),)
    if any(unicodedata.category(letter) == "Cc" for letter in word):
        return (Problem("word_contains_control", where),)
    if any(unicodedata.category(letter) == "Cs" for letter in word):
        return (Problem("lone_surrogate", {"row": row, "position": 0}),)
    return ()
