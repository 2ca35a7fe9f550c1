"""No element dies: each is mounted by ``lib/living.js``, and its sentence exists in both languages."""

from pathlib import Path

import pytest

ELEMENTS = Path(__file__).parents[2] / "assets" / "elements"
SCRIPTS = [
    path
    for path in sorted(ELEMENTS.rglob("*.js"))
    if "lib" not in path.parts and path.with_suffix(".js").read_text(encoding="utf-8").count("export default")
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_element_lives(path: Path) -> None:
    assert "export default living(" in path.read_text(encoding="utf-8")


def test_there_are_elements() -> None:
    assert len(SCRIPTS) > 30
