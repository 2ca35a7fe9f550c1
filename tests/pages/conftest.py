"""Page tests go through app.py, in both languages, starting from a link."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture(params=["en", "ko"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Return a function that opens a page by name (``gpt/generation``) from a link's query."""

    def open_(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(APP, default_timeout=60)
        at.query_params.update({"lang": "en"} | query)
        at.run()
        assert not at.exception, at.exception
        at.query_params.update(query)
        try:
            at.switch_page(f"pages/{name}.py")
        except ValueError:  # seen twice, cause not found: after the first run only app.py was known
            at.run()
            at.switch_page(f"pages/{name}.py")
        at.run()
        assert not at.exception, at.exception
        assert not at.error, [error.value for error in at.error]
        return at

    return open_
