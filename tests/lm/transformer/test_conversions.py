"""Dates and numbers in many ways of writing, and what can be known of a gap."""

import datetime
import random
import unicodedata

import pytest

from components.lm.transformer import conversions as c


def test_one_date_in_every_form() -> None:
    date = datetime.date(2021, 3, 14)
    assert {form: c.write(date, form) for form in c.DATE_FORMS} == {
        "iso": "2021-03-14",
        "kor": "2021년 3월 14일",
        "eng": "14 march 2021",
        "usa": "march 14, 2021",
        "short": "14 mar 2021",
        "short_usa": "mar. 14 2021",
        "weekday": "sunday, 14 march 2021",
        "ordinal": "the 14th of march 2021",
        "ordinal_usa": "march 14th, 2021",
        "dots": "2021.03.14",
        "slashes": "2021/3/14",
        "kor_weekday": "2021년 3월 14일 일요일",
    }


@pytest.mark.parametrize(
    ("number", "say", "han"),
    [
        (1, "one", "일"),
        (10, "ten", "십"),
        (19, "nineteen", "십구"),
        (100, "one hundred", "백"),
        (111, "one hundred eleven", "백십일"),
        (1000, "one thousand", "천"),
        (7321, "seven thousand three hundred twenty-one", "칠천삼백이십일"),
        (9009, "nine thousand nine", "구천구"),
    ],
)
def test_numbers_in_words(number: int, say: str, han: str) -> None:
    assert (c.write_number(number, "say"), c.write_number(number, "han")) == (say, han)


@pytest.mark.parametrize(
    ("day", "ending"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (31, "31st")]
)  # fmt: skip
def test_endings_of_days(day: int, ending: str) -> None:
    assert f" {ending} of " in f" {c.write(datetime.date(2024, 1, day), 'ordinal')[4:]}"


def test_what_is_written_is_read() -> None:
    rng = random.Random(1)
    days = (c.LAST_DATE - c.FIRST_DATE).days
    for _ in range(300):
        date = c.FIRST_DATE + datetime.timedelta(days=rng.randint(0, days))
        for form in c.DATE_FORMS:
            assert c.read(c.write(date, form)) == date, (date, form)
    assert all(
        c.read(c.write(number, form)) == number
        for number in range(1, c.LARGEST_NUMBER + 1)
        for form in c.NUMBER_FORMS
    )


def test_fields_cover_the_text() -> None:
    pieces = c.write_date(datetime.date(2021, 3, 14), "ordinal_usa")
    text, fields = c.text_of(pieces), c.fields_of(pieces)
    assert len(text) == len(fields)
    assert {
        field: "".join(s for s, f in zip(text, fields, strict=True) if f == field) for field in set(fields)
    } == {"month": "march", "day": "14th", "year": "2021", "": " , "}


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello", "32 march 2021", "29 february 2021", "2021-13-01", "march 2021", "0", "10000", "안녕하세요", "👨‍👩‍👧", "מרץ", "<script>", "1" * 20_000, "14 marchy 2021", "2021.03/14"],
)  # fmt: skip
def test_no_date_and_no_number(text: str) -> None:
    assert c.read(text) is None
    assert all(c.answer(task, text) is None for task in c.TASKS)


def test_case_spaces_and_decomposed_hangul_do_not_matter() -> None:
    assert c.answer("iso", "  The 1ST of  August 1999 ") == "1999-08-01"
    assert c.answer("eng", unicodedata.normalize("NFD", "2021년 3월 14일")) == "14 march 2021"


def test_a_task_of_the_other_kind_has_no_answer() -> None:
    assert c.answer("say", "14 march 2021") is None
    assert c.answer("iso", "7321") is None


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ("14 march <X> = 2021년 3월 14일", "<X>2021<Y>"),
        ("2021년 <X>월 <Y>일 = march 14, 2021", "<X>3<Y>14<Z>"),
        ("7321 = seven <X> three hundred twenty-one", "<X>thousand<Y>"),
        ("14 m<X>ch 2021 = 2021-03-14", "<X>ar<Y>"),
    ],
)
def test_known_gaps(line: str, filled: str) -> None:
    assert c.fill_answer(line) == filled


@pytest.mark.parametrize(
    "line",
    [
        "14 march 2021 = 2021-03-14",  # no gap
        "14 march 2021",  # no second half
        "<X> = 2021-03-14",  # any form would do
        "<X> 2021 = 2021-03-14",  # "14 march" or "march 14,"
        "14 <X> 2021 = 2021-<Y>-14",  # gaps in both halves
        "14 <Y> 2021 = 2021-03-14",  # begins with the second gap
        "14 <X> 2021 = 2021-04-31",  # no such day
        "15 <X> 2021 = 2021-03-14",  # the halves disagree
        "<X>0<Y> = one thousand",  # two ways to cut it
        "a = b = c",
        "",
    ],
)
def test_gaps_that_cannot_be_known(line: str) -> None:
    assert c.fill_answer(line) is None
