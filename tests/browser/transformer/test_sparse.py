"""Sparse attention in a real browser: its pairs and its reach are those of components/lm."""

import pytest
from playwright.sync_api import expect

from components.lm.transformer.attention_patterns import NAMES, count_pairs, memory_bytes, sparse

PATH = "/transformer-sparse"


@pytest.mark.parametrize("name", NAMES)
def test_pairs_and_reach(open_at, outside: list[str], name: str) -> None:
    page = open_at(f"{PATH}?pattern={name}&n=30&l=5&c=2&query=22")
    root = page.locator(".gb-sparse_view")
    pattern = sparse(name, 30, 5, 2)
    expect(root).to_have_attribute("data-pairs", str(pattern.count))
    expect(root).to_have_attribute(
        "data-reach", f"{pattern.union[22].sum()}.{(pattern.union | pattern.reach(2))[22].sum()}"
    )
    within = pattern.union | pattern.reach(2)
    possible = 30 * 30 if name == "full" else 30 * 31 // 2
    expect(root).to_have_attribute("data-connected", f"{within.sum()}.{possible}")
    assert outside == []


def test_the_table_follows_the_sliders(open_at) -> None:
    page = open_at(f"{PATH}?n=30&l=5&c=2")
    cells = page.locator(".memory td")
    shown = [int(cells.nth(i).get_attribute("title").replace(",", "")) for i in range(20)]
    lengths = (30, 1_000, 10_000, 100_000)
    assert shown == [memory_bytes(count_pairs(name, n, 5, 2)) for name in NAMES for n in lengths]
    page.locator(".sliders input").nth(1).fill("9")
    expect(cells.nth(8)).to_have_attribute("title", str(memory_bytes(count_pairs("local", 30, 9, 2))))


def test_sliders_and_link(open_at, outside: list[str]) -> None:
    page = open_at(PATH)
    root = page.locator(".gb-sparse_view")
    page.locator(".sliders input").nth(0).fill("64")
    page.locator(".sliders input").nth(1).fill("8")
    page.locator('.card[data-name="fixed"]').click()
    expect(root).to_have_attribute("data-pairs", "512")
    page.wait_for_url("**pattern=fixed&n=64&l=8**")
    page.locator('.card[data-name="local"]').press("Enter")
    expect(root).to_have_attribute("data-pattern", "local")
    assert outside == []
