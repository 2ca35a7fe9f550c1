"""The stack builder in a real browser: what it draws is what Python counts."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lm.transformer.model_size import count, presets

OpenAt = Callable[[str], Page]


def test_every_model_counts_as_in_python(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-sizes?lang=en")
    expect(page.locator(".total .n")).to_have_text("109,482,240")
    for preset in presets():
        page.locator(f'[data-preset="{preset.name}"]').click()
        expect(page.locator(".total .n")).to_have_text(f"{count(preset.size):,}")
    assert outside == []


def test_a_slider_moves_the_count_and_the_link(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-sizes?lang=en")
    layers = page.locator('[data-key="num_layers"] input[type="range"]')
    layers.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".total .n")).to_have_text("116,570,112")  # one layer more: + 7,087,872
    page.wait_for_url("**s_num_layers=13**")
    page.reload()
    expect(page.locator(".total .n")).to_have_text("116,570,112")
    assert outside == []


def test_areas_are_parameters(open_at: OpenAt) -> None:
    """The painted area of a part, over the painted area of another, is the ratio of their counts."""
    page = open_at("/transformer-sizes?lang=en")
    page.wait_for_selector(".cell")
    area = page.evaluate(
        """() => { const root = document.querySelector("[class*=model_stack]")?.getRootNode() ?? document;
        const hosts = [...document.querySelectorAll("*")].map((n) => n.shadowRoot).filter(Boolean);
        const cells = [root, ...hosts].flatMap((r) => [...r.querySelectorAll("rect.cell")]);
        const sum = (colour) => cells.filter((c) => c.getAttribute("fill") === colour).reduce((n, c) => n + parseFloat(c.style.width) * parseFloat(c.style.height), 0);
        return { token: sum("var(--gb-token)"), ffn: sum("var(--gb-quiet)"), attention: sum("var(--gb-key)") }; }"""
    )
    assert (
        abs(area["ffn"] / area["token"] - 56_687_616 / 23_440_896) < 0.03
    )  # slivers are drawn at least 0.4 px wide
    assert abs(area["ffn"] / area["attention"] - 56_687_616 / 28_366_848) < 0.03


def test_language_keeps_the_size(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-sizes?lang=en&s_num_layers=3")
    before = page.locator(".total .n").inner_text()
    page.get_by_text("한국어").click()
    page.get_by_text("모델 크기").first.wait_for()
    expect(page.locator(".total .n")).to_have_text(before)
    assert outside == []


def test_bars_of_the_parts_have_one_scale(open_at: OpenAt) -> None:
    """A bar twice as long is twice as many parameters, also beside the long numbers of GPT-3."""
    page = open_at("/transformer-sizes?lang=en")
    for name in ("bert-base", "gpt-3-175b"):
        page.locator(f'[data-preset="{name}"]').click()
        page.wait_for_timeout(400)
        rows = page.evaluate(
            """() => { const hosts = [...document.querySelectorAll("*")].map((n) => n.shadowRoot).filter(Boolean);
            return hosts.flatMap((r) => [...r.querySelectorAll(".part")]).map((p) => ({
              track: p.querySelector(".bar").getBoundingClientRect().width, fill: p.querySelector(".bar > span").getBoundingClientRect().width,
              count: Number(p.querySelector(".count").title.replaceAll(",", "")) })); }"""
        )
        assert len({round(row["track"], 1) for row in rows}) == 1
        large = [row for row in rows if row["fill"] > 5]
        assert len(large) > 1
        for row in large:
            expected = row["count"] / large[0]["count"]
            assert abs(row["fill"] / large[0]["fill"] - expected) < 0.02


def test_the_chosen_part_and_the_scale_are_in_the_link(open_at: OpenAt) -> None:
    page = open_at("/transformer-sizes?lang=en")
    page.locator('[data-part="token"]').click()
    page.wait_for_url("**s_part=token**")
    page.get_by_role("button", name="true lengths").click()
    page.wait_for_url("**s_scale=linear**")
    again = open_at(page.url[page.url.index("/transformer-sizes") :])
    expect(again.locator('[data-part="token"]')).to_have_attribute("aria-pressed", "true")
    expect(again.get_by_role("button", name="true lengths")).to_have_attribute("aria-pressed", "true")
