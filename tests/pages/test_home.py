"""The map of the course shows every page that exists, in lecture order."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"


def test_every_page_is_a_stop(open_page: Callable[..., AppTest], lang: str) -> None:
    at = open_page("start/home", lang=lang)
    block = next(b for b in at.get("bidi_component") if b.proto.component_name == "glassbox.course_map")
    stops = json.loads(block.proto.json)["stops"]
    registered = re.findall(r'lesson\("([\w/]+)"', APP.read_text(encoding="utf-8"))
    assert [stop["name"] for stop in stops] == [name for name in registered if name != "start/home"]
    for stop in stops:
        assert stop["title"]
        assert stop["question"]
        assert stop["miniature"]["frames"]
