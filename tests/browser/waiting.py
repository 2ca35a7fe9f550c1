"""When a page has come to rest."""

from playwright.sync_api import Page


def settle(page: Page) -> None:
    """Wait until no script run is under way."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"
    )
    page.wait_for_timeout(150)
