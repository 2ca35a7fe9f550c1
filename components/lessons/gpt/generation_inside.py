"""The closed panels of "GPT writes": attention of the last position, logit lens, KV cache, bytes."""

import html
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.gpt.writer_inside import writer_inside
from components.lessons.gpt.generation import browser_writes, writing
from components.lm.checkpoints.model_card import ModelCard
from components.shell.held import held
from components.shell.layout import caption, note_line
from components.shell.loading import load_model
from components.shell.refusals import cannot_write
from components.words import t, told

if TYPE_CHECKING:
    from components.elements.gpt.writer import LocalWriter, Writer
    from components.elements.gpt.writer_inside import Found
    from components.lm.gpt.writing import Writing

WORDS = "gpt_inside"
PANELS = ("nothing", "attention", "lens", "cache", "tokens")


def look_inside(card: ModelCard, text: "Writing | None", data: "Writer | LocalWriter") -> None:
    """Draw the panel the reader opened, for the step on screen."""
    files, step = data["files"], st.session_state["step"]
    chosen = st.session_state["inside"] if files is not None else _chosen()
    if files is not None:
        here = chosen in ("attention", "lens") and not browser_writes(card)
        found = _found(chosen, card, text or writing(card.name, card.revision), step) if here else None
        writer_inside(data["rev"], data["state"], files, card.name, found)
    if chosen == "nothing" or (files is not None and chosen != "cache"):
        return
    text = text or writing(card.name, card.revision)
    {"attention": _attention, "lens": _lens, "cache": _cache, "tokens": _tokens}[chosen](
        card, text, text.token_ids(step), step
    )


def _chosen() -> str:
    words = {
        "nothing": "panel_none",
        "attention": "panel_attention",
        "lens": "panel_lens",
        "cache": "panel_cache",
        "tokens": "panel_prompt",
    }
    return str(
        held().segmented_control(
            t(WORDS, "inside"),
            PANELS,
            key="inside",
            required=True,
            format_func=lambda panel: t(WORDS, words[panel]),
        )
    )


def _found(panel: str, card: ModelCard, text: "Writing", step: int) -> "Found":
    """Return what the browser will say by itself once it has the model."""
    from components.lm.gpt.generation import last_attention, logit_lens
    from components.lm.tokens.token_text import token_info

    steps = text.steps(step + 1)
    chosen = steps[step].token.token_id if step < len(steps) else None
    ids = text.token_ids(step)[-text.prompt.context_length :]
    loaded = load_model(card.name, "generation")
    found: Found = {"panel": panel, "ids": list(ids), "chosen": chosen, "lens": None, "attention": None}
    if panel == "lens":
        found["lens"] = [
            {
                "top": token_info(loaded.tokenizer, layer.token_ids[0]).text,
                "p": layer.probs[0],
                "rank": layer.final_rank,
                "own": layer.final_prob,
            }
            for layer in logit_lens(loaded.model, ids, chosen=chosen, n=1)
        ]
    else:
        weights = last_attention(loaded.model, ids)
        found["attention"] = {
            "shape": list(weights.shape),
            "weights": [round(float(w), 6) for w in weights.ravel()],
        }
    return found


def _title(key: str) -> None:
    st.markdown(f"#### {t(WORDS, key)}")


def _attention(card: ModelCard, text: "Writing", ids: tuple[int, ...], step: int) -> None:
    from components.elements.gpt.attention_strip import attention_strip
    from components.lm.gpt.generation import GenerationError, last_attention
    from components.lm.tokens.token_text import token_infos

    loaded = load_model(card.name, "generation")
    ids = ids[-text.prompt.context_length :]
    _title("attention_title")
    try:
        weights = last_attention(loaded.model, ids)
    except GenerationError as error:
        st.info(cannot_write(error))
        return
    attention_strip([info.text for info in token_infos(loaded.tokenizer, ids)], weights, model=card.name)


def _lens(card: ModelCard, text: "Writing", ids: tuple[int, ...], step: int) -> None:
    from components.lm.gpt.generation import GenerationError, logit_lens
    from components.lm.tokens.token_text import token_info, visible

    loaded = load_model(card.name, "generation")
    steps = text.steps(step + 1)
    chosen = steps[step].token if step < len(steps) else None
    _title("lens_title")
    try:
        layers = logit_lens(
            loaded.model, ids[-text.prompt.context_length :], chosen=chosen.token_id if chosen else None, n=1
        )
    except GenerationError as error:
        st.info(cannot_write(error))
        return
    shown = visible(chosen.text) if chosen else ""
    rows = "".join(
        "<tr><th scope='row'>{layer}</th><td class='gb-mono'>{top}</td><td><span class='gb-fill' style='width:{width:.1f}%'></span>"
        "<span class='gb-value'>{top_p}</span></td><td>{rank:,}</td><td><span class='gb-fill key' style='width:{own:.1f}%'></span>"
        "<span class='gb-value'>{p}</span></td></tr>".format(
            layer=t(WORDS, "lens_embedding") if layer.layers_done == 0 else layer.layers_done - 1,
            top=html.escape(visible(token_info(loaded.tokenizer, layer.token_ids[0]).text)),
            width=100 * layer.probs[0],
            top_p=f"{layer.probs[0]:.3g}",
            rank=layer.final_rank,
            own=100 * layer.final_prob,
            p=f"{layer.final_prob:.3g}",
        )
        for layer in layers
    )
    heads = "".join(
        f"<th scope='col'>{html.escape(head)}</th>"
        for head in (
            t(WORDS, "lens_layer"),
            t(WORDS, "lens_top"),
            t(WORDS, "probability_table"),
            t(WORDS, "lens_rank", token=shown),
            t(WORDS, "lens_p", token=shown),
        )
    )
    st.html(f"<table class='gb-table'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    caption(t(WORDS, "lens_caption", model=card.name, token=shown))


def _cache(card: ModelCard, text: "Writing", ids: tuple[int, ...], step: int) -> None:
    from components.lm.gpt.generation import GenerationError, cache_bytes, measure_cache
    from components.lm.gpt.kv_cache import engine_for
    from components.shell.refusals import size

    loaded = load_model(card.name, "generation")
    _title("cache_title")
    if not engine_for(loaded.model).num_layers:
        st.info(cannot_write(GenerationError("no_kv_cache", "no plain keys and values")))
        return
    prompt = len(text.prompt.token_ids)
    st.markdown(
        told(
            WORDS,
            "cache_text",
            prompt=prompt,
            layers=card.num_layers,
            bytes=size(cache_bytes(loaded.model, prompt)),
            per_token=size(cache_bytes(loaded.model, 1)),
        )
    )
    kept = st.session_state.setdefault("_cache_rows", {})
    start = st.button(
        t(WORDS, "cache_measure"), key="cache-measure", help=told(WORDS, "cache_hint", model=card.name)
    )
    place = st.empty()
    if start:
        kept[card.name] = []
        lengths = [n for n in (8, 32, 64, 128, 256, 512, 1024) if n <= text.prompt.context_length]
        bar = st.progress(0.0)
        for done, row in enumerate(measure_cache(loaded.model, ids, lengths), start=1):
            kept[card.name].append(row)
            bar.progress(done / len(lengths))
            _cache_table(place, kept[card.name])
        bar.empty()
    rows = kept.get(card.name)
    if rows:
        _cache_table(place, rows)
        repeats = [row.repeats for row in rows]
        runs = "–".join(str(n) for n in sorted({min(repeats), max(repeats)}))
        caption(t(WORDS, "cache_note", runs=runs))
        if any(row.busy for row in rows):
            note_line(t(WORDS, "cache_busy"))


def _cache_table(place: Any, rows: list[Any]) -> None:
    most = max(row.seconds_without for row in rows)

    def bar(seconds: float, kind: str) -> str:
        return (
            f"<span class='gb-fill {kind}' style='width:{100 * seconds / most:.1f}%'></span>"
            f"<span class='gb-value'>{1000 * seconds:.3g}</span>"
        )

    body = "".join(
        f"<tr><th scope='row'>{row.length}</th><td>{bar(row.seconds_with, '')}</td><td>{bar(row.seconds_without, 'key')}</td>"
        f"<td>× {row.seconds_without / row.seconds_with:.3g}</td></tr>"
        for row in rows
    )
    heads = "".join(
        f"<th scope='col'>{head}</th>"
        for head in (
            t(WORDS, "cache_length"),
            f"{t(WORDS, 'cache_with')} ({t(WORDS, 'cache_ms')})",
            f"{t(WORDS, 'cache_without')} ({t(WORDS, 'cache_ms')})",
            t(WORDS, "cache_ratio"),
        )
    )
    place.html(f"<table class='gb-table'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")


def _tokens(card: ModelCard, text: "Writing", ids: tuple[int, ...], step: int) -> None:
    from components.lm.tokens.token_text import token_infos, visible, whole_characters

    loaded = load_model(card.name, "generation")
    infos = token_infos(loaded.tokenizer, ids)
    _title("bytes_title")
    cells = []
    for start, end in whole_characters([info.raw for info in infos]):
        parts = infos[start:end]
        shown = visible(b"".join(info.raw for info in parts).decode("utf-8", "replace"))
        ids_shown = " ".join(str(info.token_id) for info in parts)
        raw = " | ".join(info.raw.hex(" ") for info in parts)
        cells.append(
            f"<span class='gb-cell'><b class='gb-mono'>{html.escape(shown) or '∅'}</b><span>id {ids_shown}</span>"
            f"<span class='gb-mono'>{raw}</span></span>"
        )
    st.html(f"<div class='gb-cells'>{''.join(cells)}</div>")
    caption(t(WORDS, "bytes_caption"))
