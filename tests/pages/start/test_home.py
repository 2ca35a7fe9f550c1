"""The map of the course shows every page that exists, in lecture order."""

import re
from pathlib import Path

from tests.pages.conftest import Open, data_of

APP = Path(__file__).parents[3] / "app.py"


def test_every_page_is_a_stop(open_page: Open, lang: str) -> None:
    at = open_page("start/home", lang=lang)
    stops = data_of(at, "course_map")["stops"]
    registered = re.findall(r'lesson\("([\w/]+)"', APP.read_text(encoding="utf-8"))
    assert [stop["name"] for stop in stops] == [name for name in registered if name != "start/home"]
    for stop in stops:
        assert stop["title"]
        assert stop["question"]
        assert stop["miniature"]["frames"]
        assert 3 <= stop["minutes"] <= 30
