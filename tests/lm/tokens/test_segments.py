"""Tokens grouped until they form whole characters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm.tokens.segments import characters, graphemes, group_tokens

GREETING = "안녕하세요"
FAMILY = "👨‍👩‍👧‍👦"


def cut(data: bytes, at: list[int]) -> list[bytes]:
    cuts = [0, *sorted(at), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def test_each_byte_a_token() -> None:
    data = GREETING.encode()
    segments = group_tokens(list(data), [bytes([byte]) for byte in data])
    assert [segment.text for segment in segments] == list(GREETING)
    assert [(segment.start, segment.end) for segment in segments] == [(n, n + 3) for n in range(0, 15, 3)]
    assert segments[0].token_ids == (0xEC, 0x95, 0x88)
    assert all(segment.complete for segment in segments)


def test_tokens_that_cross_characters() -> None:
    data = GREETING.encode()
    segments = group_tokens([1, 2, 3], [data[:4], data[4:9], data[9:]])
    assert [(segment.text, segment.token_ids) for segment in segments] == [("안녕하", (1, 2)), ("세요", (3,))]


def test_a_joined_family_stays_together_however_it_is_cut() -> None:
    data = FAMILY.encode()
    assert len(data) == 25
    for pieces in (cut(data, list(range(1, 25))), cut(data, [4, 7]), cut(data, [11])):
        (segment,) = group_tokens(range(len(pieces)), pieces)
        assert (segment.text, segment.start, segment.end) == (FAMILY, 0, len(pieces))


def test_an_accent_joins_the_letter_before_it() -> None:
    segments = group_tokens([1, 2, 3], [b"caf", b"e", b"\xcc\x81s"])
    assert [segment.text for segment in segments] == ["caf", "e\u0301s"]


def test_text_before_and_after_is_not_swallowed() -> None:
    data = f"hi {FAMILY}!".encode()
    segments = group_tokens(list(data), [bytes([byte]) for byte in data])
    assert [segment.text for segment in segments] == ["h", "i", " ", FAMILY, "!"]


def test_broken_bytes_are_marked() -> None:
    (segment,) = group_tokens([1], ["안".encode()[:2]])
    assert (segment.text, segment.complete, segment.data) == ("\ufffd", False, b"\xec\x95")
    segments = group_tokens([1, 2, 3], [b"a", b"\xff", b"b"])
    assert [(segment.text, segment.complete) for segment in segments] == [
        ("a", True),
        ("\ufffd", False),
        ("b", True),
    ]


def test_tokens_without_bytes_and_no_tokens() -> None:
    assert group_tokens([], []) == ()
    segments = group_tokens([0, 1, 0, 2], [b"", b"a", b"", b"b"])
    assert [segment.token_ids for segment in segments] == [(0, 1), (0, 2)]
    assert [segment.text for segment in group_tokens([0], [b""])] == [""]
    with pytest.raises(ValueError, match="2 token ids but 1"):
        group_tokens([1, 2], [b"a"])


def test_graphemes_are_what_a_reader_counts() -> None:
    assert graphemes(FAMILY + "e\u0301한🇰🇷👍🏽") == (FAMILY, "e\u0301", "한", "🇰🇷", "👍🏽")
    assert len(graphemes("\u1112\u1161\u11ab")) == 1


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=12), data=st.data())
def test_segments_are_whole_characters_and_as_small_as_can_be(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    pieces = cut(raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=8))) if raw else []
    segments = group_tokens(range(len(pieces)), pieces)
    assert "".join(segment.text for segment in segments) == text
    assert [n for segment in segments for n in segment.token_ids] == list(range(len(pieces)))
    ends = {character.end for character in characters(raw)}
    at = 0
    for segment in segments:
        inside = 0
        for n in segment.token_ids[:-1]:
            inside += len(pieces[n])
            # No token inside a segment ends where a character ends, or it could have been closed there.
            assert not inside or at + inside not in ends
        at += len(segment.data)
        assert at in ends or not segment.data


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.binary(max_size=4), max_size=8))
def test_any_bytes_decode_as_python_does(pieces: list[bytes]) -> None:
    segments = group_tokens(range(len(pieces)), pieces)
    assert "".join(segment.text for segment in segments) == b"".join(pieces).decode(errors="replace")
    broken = any(not segment.complete for segment in segments)
    try:
        b"".join(pieces).decode("utf-8")
        assert not broken
    except UnicodeDecodeError:
        assert broken
