"""What a page tells Python of the view it has reached."""

from playwright.sync_api import Page, WebSocket, expect

from tests.browser.waiting import settle


def listening(page: Page) -> list[bytes]:
    """What goes over the websocket from the next load on."""
    sent: list[bytes] = []

    def keep(data: bytes | str) -> None:
        sent.append(data if isinstance(data, bytes) else data.encode())

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", keep)

    page.on("websocket", listen)
    return sent


def reports(sent: list[bytes]) -> list[bytes]:
    """What the page told Python since it was asked last."""
    told = [message for message in sent if b"__events" in message]
    sent.clear()
    return told


def tells_once(page: Page, sent: list[bytes], what: str) -> None:
    """A server is there again: the page says so, and tells it once what was reached, in which ``what`` stands."""
    expect(page.locator(".gb-toolbar .lost")).to_be_empty(timeout=150_000)
    settle(page)
    views: list[bytes] = []
    for _ in range(120):
        views += [message for message in reports(sent) if b'"rev"' in message]
        if views:
            break
        page.wait_for_timeout(500)
    page.wait_for_timeout(3000)
    settle(page)
    views += [message for message in reports(sent) if b'"rev"' in message]
    assert len(views) == 1
    assert what.encode() in views[0]
