"""bertviz's own views, drawn without a network.

bertviz 1.4.1 fetches its libraries from the web, pastes its numbers twice, and puts tokens into a script as they are.
Here d3 comes from the installed mpld3, the eight jQuery calls it makes are answered by a few lines of ours, the second
copy of the numbers is dropped, weights are rounded to three decimals, and tokens go in escaped.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from components.figures.theme import palette

View = Literal["head", "model", "neuron"]
VIEWS: tuple[View, ...] = ("head", "model", "neuron")

MOST_LINES: dict[View, int] = {"head": 50_000, "model": 150_000, "neuron": 2_500}
"""SVG lines that a view may have to draw at once; with more a browser stands still for seconds."""

_FETCHES = re.compile(r'<script src="https://[^"]*require[^"]*"></script>')
_LIBRARY_PLACE = "<!-- libraries -->"
_HACK, _MARKER = " // HACK: ", " is a template marker that is replaced by actual params."
_PLACE = "gbtoken{}gbtoken"

# What bertviz asks of require.js and jQuery, and no more.
_LIBRARIES = r"""
(function () {
  class Found {
    constructor(nodes) { this.nodes = nodes; }
    each(act) { this.nodes.forEach(act); return this; }
    append(other) { return this.each((node) => other.nodes.forEach((child) => node.appendChild(child))); }
    empty() { return this.each((node) => node.replaceChildren()); }
    text(value) { return this.each((node) => { node.textContent = value; }); }
    attr(name, value) { return this.each((node) => node.setAttribute(name, value)); }
    val(value) { return value === undefined ? this.nodes[0] && this.nodes[0].value : this.each((node) => { node.value = value; }); }
    on(type, listener) { return this.each((node) => node.addEventListener(type, listener)); }
    change() { return this.each((node) => node.dispatchEvent(new Event("change"))); }
  }
  const find = (what) => { const made = /^<(\w+)\s*\/>$/.exec(what); return new Found(made ? [document.createElement(made[1])] : [...document.querySelectorAll(what)]); };
  const libraries = { jquery: find, d3: window.d3 };
  window.require = window.requirejs = (names, run) => run(...names.map((name) => libraries[name]));
  window.require.config = () => {};
})();
"""


@cache
def _d3() -> str:
    """d3 5.7 as the mpld3 wheel holds it; looked up without importing matplotlib."""
    spec = find_spec("mpld3")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("mpld3")
    return (Path(next(iter(spec.submodule_search_locations))) / "js" / "d3.v5.min.js").read_text(
        encoding="utf-8"
    )


def lines_to_draw(view: View, num_layers: int, num_heads: int, num_tokens: int) -> int:
    """How many SVG lines ``view`` draws at once."""
    pairs = num_tokens * num_tokens
    return {"head": num_heads * pairs, "model": num_layers * num_heads * pairs, "neuron": pairs}[view]


def _style(dark: bool) -> str:
    colours = palette(dark)
    return (
        f"<style>body{{margin:0;color:{colours['text']};font-family:sans-serif}}svg text{{fill:{colours['text']}}}"
        f".background{{fill:{colours['line']}}}select{{color:inherit;background:{colours['surface']};"
        f"border:1px solid {colours['line']};border-radius:4px}}option{{background:{colours['surface']}}}</style>"
    )


def _finish(html: str, tokens: Sequence[str], dark: bool) -> str:
    start = html.find(_HACK)
    if start >= 0:  # the numbers were pasted a second time, into a comment
        end = html.find(_MARKER, start) + len(_MARKER)
        html = html[:start] + html[end:]
    for i, token in enumerate(tokens):
        safe = json.dumps(token, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e")
        html = html.replace(json.dumps(_PLACE.format(i)), safe)
    html = _FETCHES.sub(_LIBRARY_PLACE, html, count=1)
    html = html.replace(_LIBRARY_PLACE, f"<script>{_d3()}</script><script>{_LIBRARIES}</script>", 1)
    return f'<!doctype html><meta charset="utf-8">{_style(dark)}{html}'


def bertviz_html(
    view: View,
    weights: npt.NDArray[np.float32],
    tokens: Sequence[str],
    *,
    layer: int,
    head: int,
    second_from: int | None,
    dark: bool,
    queries: npt.NDArray[np.float32] | None = None,
    keys: npt.NDArray[np.float32] | None = None,
    causal: bool = False,
) -> str:
    """Return a page that draws one of bertviz's views, with everything it needs inside.

    Args:
        view: ``head`` and ``model`` show all of ``weights``; ``neuron`` shows one head.
        weights: (layer, head, query, key).
        tokens: one text per position.
        layer: the layer that is open at first (head view), or that is shown (neuron view).
        head: the head that is shown (neuron view).
        second_from: position where the second text begins, or None.
        dark: which theme.
        queries: (seq, head_dim) of the head, for the neuron view.
        keys: (seq, head_dim) of the head, for the neuron view.
        causal: whether keys after the query are hidden (neuron view).

    Raises:
        ValueError: the neuron view needs queries and keys.
    """
    places = [_PLACE.format(i) for i in range(len(tokens))]
    if view == "neuron":
        if queries is None or keys is None:
            raise ValueError("the neuron view needs queries and keys")
        return _finish(_neuron(weights[layer, head], queries, keys, places, dark, causal), tokens, dark)
    import torch
    from bertviz import head_view, model_view

    rounded = [torch.from_numpy(part[None].astype(np.float64).round(3)) for part in weights]
    given: dict[str, Any] = {"sentence_b_start": second_from, "html_action": "return"}
    if view == "head":
        html = head_view(rounded, places, layer=layer, **given).data
    else:
        html = model_view(rounded, places, display_mode="dark" if dark else "light", **given).data
    return _finish(html, tokens, dark)


def _neuron(
    weights: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    keys: npt.NDArray[np.float32],
    places: Sequence[str],
    dark: bool,
    causal: bool,
) -> str:
    spec = find_spec("bertviz")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("bertviz")
    script = (Path(next(iter(spec.submodule_search_locations))) / "neuron_view.js").read_text(
        encoding="utf-8"
    )

    def numbers(array: npt.NDArray[np.float32], digits: int) -> Any:
        return [[array.astype(np.float64).round(digits).tolist()]]

    params = {
        "attention": {
            "all": {
                "left_text": list(places),
                "right_text": list(places),
                "attn": numbers(weights, 3),
                "queries": numbers(queries, 3),
                "keys": numbers(keys, 3),
            }
        },
        "default_filter": "all",
        "root_div_id": "bertviz-neuron",
        "bidirectional": not causal,
        "display_mode": "dark" if dark else "light",
        "layer": 0,
        "head": 0,
    }
    # Only one head is sent, so the two lists it would be chosen from stay hidden.
    return (
        f'{_LIBRARY_PLACE}<div id="bertviz-neuron"><span hidden><select id="layer"></select><select id="att_head"></select></span>'
        f'<div id="vis"></div></div><script>window.bertviz_params = {json.dumps(params)}</script><script>{script}</script>'
    )
