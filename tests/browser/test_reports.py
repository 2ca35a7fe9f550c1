"""What an element tells Python waits while the page follows Back, for every element: they all tell it with one ``reporter``."""

from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route

LIB = Path(__file__).parents[2] / "assets" / "elements" / "lib"
HERE = "http://localhost/_reports/"
FRAME = "<body><div data-testid=stApp data-test-script-state=notRunning data-test-connection-state=CONNECTED></div></body>"
READY = """
async () => {
  const { reporter } = await import("./stepper.js");
  window.told = [];
  window.app = document.querySelector("[data-testid=stApp]").dataset;
  window.tell = reporter((value) => told.push(value), 20);
  window.back = (running) => { app.testScriptState = running ? "running" : "notRunning"; dispatchEvent(new PopStateEvent("popstate")); };
}
"""


def served(context: BrowserContext) -> Page:
    """A page with the frame's own signs and nothing else; the library is loaded as it stands."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(HERE)
        if name:
            route.fulfill(path=LIB / name, content_type="text/javascript")
        else:
            route.fulfill(body=FRAME, content_type="text/html")

    page = context.new_page()
    page.route(HERE + "**", answer)
    page.goto(HERE)
    page.evaluate(READY)
    return page


def told(page: Page) -> Any:
    return page.evaluate("told")


def test_a_report_goes_out_after_a_rest(context: BrowserContext) -> None:
    page = served(context)
    page.evaluate("tell(1), tell(2)")
    page.wait_for_function("told.length")
    assert told(page) == [2]
    page.evaluate("back(false), tell(3)")  # nothing runs: the page has followed
    page.wait_for_function("told.length > 1")
    assert told(page) == [2, 3]


def test_what_was_not_told_before_back_is_no_more(context: BrowserContext) -> None:
    page = served(context)
    page.evaluate("tell(1), back(false)")
    page.wait_for_timeout(400)
    assert told(page) == []


def test_reports_wait_until_the_page_has_followed_back(context: BrowserContext) -> None:
    page = served(context)
    page.evaluate("back(true), tell(1), tell.now(2)")
    page.mouse.click(5, 5)  # a press lets reports out, but not now
    page.wait_for_timeout(600)
    assert told(page) == []
    page.evaluate("app.testScriptState = 'notRunning'")
    page.wait_for_function("told.length")
    assert told(page) == [2], "and what waited is told once"
    page.evaluate("tell.now(3)")
    assert told(page) == [2, 3]


def test_reports_wait_until_a_server_that_came_back_has_drawn_the_page(context: BrowserContext) -> None:
    page = served(context)
    page.evaluate("app.testConnectionState = 'PINGING_SERVER'")
    page.wait_for_timeout(50)
    page.evaluate("app.testScriptState = 'running', app.testConnectionState = 'CONNECTED'")
    page.wait_for_timeout(50)
    page.evaluate("tell(1), tell.now(2)")
    page.mouse.click(5, 5)
    page.wait_for_timeout(600)
    assert told(page) == [], "a new server has drawn no element yet, and would not hear it"
    page.evaluate("app.testScriptState = 'notRunning'")
    page.wait_for_function("told.length")
    assert told(page) == [2], "and is told once"
