"""Sparse attention in a real browser: its pairs and its reach are those of components/lm."""

import pytest
from playwright.sync_api import expect

from components.lm.transformer.attention_patterns import NAMES, sparse

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
    assert outside == []


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
