"""Positions in a real browser: keys, clicks, links, and the numbers of the formula."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lm.transformer.positions import sinusoids

OpenAt = Callable[[str], Page]


def test_keys_step_and_the_numbers_are_the_formulas(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en&pos_width=128&pos_count=64")
    page.wait_for_selector(".panel[data-panel=sinusoids] .formula")
    page.keyboard.press("PageDown")
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(8, 10)")
    table = sinusoids(64, 128)
    expect(page.locator(".panel[data-panel=sinusoids] .formula b")).to_have_text(
        f"{table[8, 10]:.3f}".replace("-", "−")
    )
    near = page.locator(".panel[data-panel=sinusoids] .near").first
    expect(near).to_have_text(f"+1: {table[8] @ table[9]:.1f}")
    page.wait_for_url("**pos_at=8**")
    assert outside == []


def test_a_click_on_the_map_chooses_position_and_dimension(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en&pos_width=8")
    page.wait_for_selector(".gb-shuffle_board .card")
    page.locator(".panel[data-panel=sinusoids] .map-box").scroll_into_view_if_needed()
    box = page.locator(".panel[data-panel=sinusoids] .map-box").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 20.5 / 64, box["y"] + box["height"] * 2.5 / 8)
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(20, 2)")
    page.wait_for_url("**pos_at=20&pos_dim=2**")
    page.reload()
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(20, 2)")
    assert outside == []


def test_the_shuffle_comes_first(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en")
    page.wait_for_selector(".gb-shuffle_board .card", timeout=60_000)
    assert page.locator(".gb-shuffle_board .card").count() == 4
    board, tables = (
        page.locator(".gb-shuffle_board").bounding_box(),
        page.locator(".gb-position_tables").bounding_box(),
    )
    assert board is not None
    assert tables is not None
    assert board["y"] < tables["y"]
    assert outside == []


def test_the_nearest_rows_are_ranked_by_the_measure_on_screen(open_at: OpenAt) -> None:
    """The row listed first is the highest point of the curve above it, by either measure."""
    import numpy as np

    from components.lessons.transformer.positions import default_model
    from components.lm import checkpoints
    from components.lm.transformer.positions import learned_table

    store = checkpoints.store()
    rows = learned_table(
        store.folder(store.parse_name(default_model())), checkpoints.card(default_model())
    ).rows[:64]
    for measure in ("dot", "cosine"):
        page = open_at(f"/transformer-positions?lang=en&pos_measure={measure}&pos_at=7")
        sizes = np.linalg.norm(rows, axis=1) if measure == "cosine" else np.ones(64)
        like = (rows @ rows[7]) / sizes / sizes[7]
        like[7] = -np.inf
        chip = page.locator(".panel[data-panel=learned] .chip").first
        expect(chip).to_contain_text(str(int(like.argmax())))
        expect(page.locator(".panel[data-panel=learned] .learned")).to_contain_text(
            "dot product" if measure == "dot" else "cosine"
        )
