"""Dates and numbers in the ways people write them: what the text-to-text model converts, and what the right answer is.

A task word says how the answer is to be written, as the prefixes of T5 do (Raffel et al. 2020,
https://arxiv.org/abs/1910.10683, section 2.4):

    >>> answer("iso", "14 march 2021"), answer("kor", "March 14, 2021")
    ('2021-03-14', '2021년 3월 14일')
    >>> answer("say", "7321"), answer("num", "칠천삼백이십일")
    ('seven thousand three hundred twenty-one', '7321')
    >>> answer("iso", "32 march 2021") is None  # there is no such day
    True

Dates and numbers lie in the ranges the model is trained on; :func:`answer` also knows dates outside of them.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from components.lm.transformer.spans import SENTINELS

FIRST_DATE = datetime.date(1950, 1, 1)
LAST_DATE = datetime.date(2029, 12, 31)
LARGEST_NUMBER = 9999

DATE_TASKS = ("iso", "kor", "eng", "usa")
NUMBER_TASKS = ("num", "say", "han")
TASKS = DATE_TASKS + NUMBER_TASKS

# More ways to write a date, read but never written by the model.
MORE_DATE_FORMS = (
    "short",
    "short_usa",
    "weekday",
    "ordinal",
    "ordinal_usa",
    "dots",
    "slashes",
    "kor_weekday",
)
MORE_NUMBER_FORMS = ("comma", "say_and")
DATE_FORMS = DATE_TASKS + MORE_DATE_FORMS
NUMBER_FORMS = NUMBER_TASKS + MORE_NUMBER_FORMS

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS_KO = "월화수목금토일"
_DIGITS_KO = "영일이삼사오육칠팔구"
_ONES = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("", "", *["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])


@dataclass(frozen=True)
class Piece:
    """Part of a written date or number, and what it says: year, month, day, number, or nothing ("")."""

    text: str
    field: str = ""


def text_of(pieces: tuple[Piece, ...]) -> str:
    """The pieces joined."""
    return "".join(piece.text for piece in pieces)


def fields_of(pieces: tuple[Piece, ...]) -> tuple[str, ...]:
    """For every character of the text the field it belongs to ("" for none)."""
    return tuple(piece.field for piece in pieces for _ in piece.text)


def write_date(date: datetime.date, form: str) -> tuple[Piece, ...]:
    """A date in one of ``DATE_FORMS``.

    >>> [text_of(write_date(datetime.date(2021, 3, 14), form)) for form in ("eng", "usa", "ordinal", "kor_weekday")]
    ['14 march 2021', 'march 14, 2021', 'the 14th of march 2021', '2021년 3월 14일 일요일']
    """
    year, month, day = (Piece(str(date.year), "year"), Piece(str(date.month), "month"), Piece(str(date.day), "day"))  # fmt: skip
    month_2, day_2 = Piece(f"{date.month:02d}", "month"), Piece(f"{date.day:02d}", "day")
    name = MONTHS[date.month - 1]
    month_name, month_short = Piece(name, "month"), Piece(name[:3], "month")
    weekday, day_th = WEEKDAYS[date.weekday()], Piece(f"{date.day}{_ordinal_ending(date.day)}", "day")
    space = Piece(" ")
    korean = (year, Piece("년 "), month, Piece("월 "), day, Piece("일"))
    forms: dict[str, tuple[Piece, ...]] = {
        "iso": (year, Piece("-"), month_2, Piece("-"), day_2),
        "kor": korean,
        "eng": (day, space, month_name, space, year),
        "usa": (month_name, space, day, Piece(", "), year),
        "short": (day, space, month_short, space, year),
        "short_usa": (month_short, Piece(". "), day, space, year),
        "weekday": (Piece(weekday + ", "), day, space, month_name, space, year),
        "ordinal": (Piece("the "), day_th, Piece(" of "), month_name, space, year),
        "ordinal_usa": (month_name, space, day_th, Piece(", "), year),
        "dots": (year, Piece("."), month_2, Piece("."), day_2),
        "slashes": (year, Piece("/"), month, Piece("/"), day),
        "kor_weekday": (*korean, Piece(f" {WEEKDAYS_KO[date.weekday()]}요일")),
    }
    return forms[form]


def _ordinal_ending(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def write_number(number: int, form: str) -> str:
    """A number from 1 to ``LARGEST_NUMBER`` in one of ``NUMBER_FORMS``.

    >>> [write_number(1105, form) for form in NUMBER_FORMS]
    ['1105', 'one thousand one hundred five', '천백오', '1,105', 'one thousand one hundred and five']
    """
    if form == "num":
        return str(number)
    if form == "comma":
        return f"{number:,}"
    if form == "han":
        return _in_korean(number)
    return _in_english(number, " and " if form == "say_and" else " ")


def _in_english(number: int, joint: str) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    head, rest = f"{_in_english(number // size, joint)} {name}", number % size
    if not rest:
        return head
    return head + (joint if rest < 100 else " ") + _in_english(rest, joint)


def _in_korean(number: int) -> str:
    said = ""
    for size, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit = number // size % 10
        if digit:
            said += ("" if digit == 1 and size > 1 else _DIGITS_KO[digit]) + name
    return said or _DIGITS_KO[0]


def write(value: datetime.date | int, form: str) -> str:
    """A date or a number in one of its forms, as text."""
    return write_number(value, form) if isinstance(value, int) else text_of(write_date(value, form))


def task_forms(value: datetime.date | int) -> tuple[str, ...]:
    """The forms the model can write for this kind of value."""
    return NUMBER_TASKS if isinstance(value, int) else DATE_TASKS


def normalize(text: str) -> str:
    """Text as the model reads it: composed (NFC), lower case, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


_WEEKDAY = f"(?:(?:{'|'.join(WEEKDAYS)}), )?"
_MONTH = "(?P<m>[a-z]+)\\.?"
_DAY = "(?P<d>[0-9]{1,2})(?:st|nd|rd|th)?"
_DATE_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        "(?P<y>[0-9]{4})(?P<s>[-./])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})",
        f"(?P<y>[0-9]{{4}})년 ?(?P<m>[0-9]{{1,2}})월 ?(?P<d>[0-9]{{1,2}})일(?: [{WEEKDAYS_KO}]요일)?",
        f"{_WEEKDAY}(?:the )?{_DAY}(?: of)? {_MONTH},? (?P<y>[0-9]{{4}})",
        f"{_WEEKDAY}{_MONTH} {_DAY},? (?P<y>[0-9]{{4}})",
    )
)


def read(text: str) -> datetime.date | int | None:
    """The date or number that a text says, or None: no known way of writing, or no such day.

    >>> read("Mar. 14 2021"), read("seven thousand and twenty"), read("hello")
    (datetime.date(2021, 3, 14), 7020, None)
    """
    text = normalize(text)
    for pattern in _DATE_PATTERNS:
        found = pattern.fullmatch(text)
        if found:
            return _date(found["y"], found["m"], found["d"])
    return _numbers().get(text)


def _date(year: str, month: str, day: str) -> datetime.date | None:
    if month.isdecimal():
        number = int(month)
    else:
        names = [i for i, name in enumerate(MONTHS, 1) if month in (name, name[:3])]
        number = names[0] if names else 0
    try:
        return datetime.date(int(year), number, int(day))
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    """Every written number -> its value; about 40,000 texts, made at the first call."""
    return {write_number(number, form): number for number in range(LARGEST_NUMBER, 0, -1) for form in NUMBER_FORMS}  # fmt: skip


def answer(task: str, text: str) -> str | None:
    """The right answer for a task word and a text, or None where there is none.

    There is none for a text that says no date or number, and for a task word of the other kind.
    """
    value = read(text)
    if value is None or task not in task_forms(value):
        return None
    return write(value, task)


def in_range(value: datetime.date | int) -> bool:
    """Whether a value lies in the range the model was trained on."""
    if isinstance(value, int):
        return 1 <= value <= LARGEST_NUMBER
    return FIRST_DATE <= value <= LAST_DATE


EQUALS = " = "
"""Stands between the two halves of a line that say the same."""


def fill_answer(line: str) -> str | None:
    """What fills the gaps of a line, in T5's form, or None where the line does not tell.

    A line says the same twice, and one half has the gaps, so the other half tells what is missing:

    >>> fill_answer("14 march <X> = 2021년 3월 14일")
    '<X>2021<Y>'
    >>> fill_answer("<X> 2021 = 2021년 3월 14일") is None  # "14 march" and "march 14," would both do
    True
    """
    halves = line.split(EQUALS)
    if len(halves) != 2:
        return None
    gaps = [[s for s in SENTINELS if s in half] for half in halves]
    if bool(gaps[0]) == bool(gaps[1]):
        return None
    damaged, whole = (halves[0], halves[1]) if gaps[0] else (halves[1], halves[0])
    value = read(whole)
    names = gaps[0] or gaps[1]
    if value is None or len(names) >= len(SENTINELS) or tuple(names) != SENTINELS[: len(names)]:
        return None
    parts = [re.escape(part) for part in re.split("|".join(SENTINELS), damaged)]
    if len(parts) != len(names) + 1:
        return None
    written = [write(value, form) for form in task_forms(value)]
    # Greedy and reluctant gaps together show whether a text can be cut in two ways.
    fits = {
        found.groups()
        for gap in ("(.+)", "(.+?)")
        for text in written
        if (found := re.fullmatch(gap.join(parts), text)) is not None
    }
    if len(fits) != 1:
        return None
    fills = fits.pop()
    return "".join(name + fill for name, fill in zip(names, fills, strict=True)) + SENTINELS[len(names)]
