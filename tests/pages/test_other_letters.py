"""A text that the bundled models never learned to read says so on every page that reads one, and what can be read."""

import re
from pathlib import Path

import pytest

from components.shell import links
from tests.pages.conftest import APP, Open, data_of, on_page, said

PAGES = re.findall(r'lesson\("([\w/]+)"', Path(APP).read_text(encoding="utf-8"))
OTHER = "안녕하세요 여러분 שלום"
NO_MODEL_READS = ("rates_sentence", "icl_own", "icl_description")
"""Texts that no model of English reads: words for a die, codes, and what pairs-gpt refuses in words of its own."""
SHOWN_AT = {
    "start/history": {"history_stop": "gpt2"},
    "fine_tuning/tasks": {"task_look": "own"},
    "bert/masking_rates": {"rates_look": "live"},
    "bert/next_sentence": {"nsp_part": "probe"},
    "transformer/self_attention": {"example": "model"},
    "gpt/learning": {"twins": "nano"},
    "gpt/in_context": {"icl_look": "story", "icl_name": OTHER},
    "alignment/instructions": {"ins_look": "tune"},
    "gpt/scaling": {"scaling_look": "limits", "scaling_name": OTHER},
    "transformer/three_ways": {"ways_text": "שלום חברים"},
}
"""The part of a page that reads the text, where it is not the first; a text that no model reads, where one of Korean is at hand."""

NOTES = ("learned English only", "spell this text in letters or bytes", "says no date or number that exists")
"""What the pages say, in words that stand only in these sentences; the last one on a page whose model knows Korean dates."""


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("tokens/")])
def test_a_page_says_what_its_model_cannot_read(open_page: Open, name: str) -> None:
    at = open_page(name)
    texts = {
        param.key: OTHER
        for param in at.session_state["_view"].params
        if isinstance(param, links.Text) and " " in param.default and param.key not in NO_MODEL_READS
    }
    if not texts and name not in SHOWN_AT:
        return
    at = open_page(name, **texts | SHOWN_AT.get(name, {}))
    # What is read in the browser is said there: tests/browser/gpt/test_generation.py, tests/browser/transformer/test_masks.py.
    if on_page(at, "writer"):
        assert data_of(at, "writer")["english"]
    elif on_page(at, "two_readers"):
        assert NOTES[1] in data_of(at, "two_readers")["words"]["spelled"]
    else:
        assert any(note in said(at) for note in NOTES)
