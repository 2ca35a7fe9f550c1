"""State and data of the page "GPT writes, token by token": texts, branches, what the browser gets."""

import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.engine import ModelFiles, model_files
from components.elements.gpt.writer import LocalWriter, Writer, WriterFrame, WriterSteps
from components.elements.gpt.writer_fields import WriterFields
from components.elements.predict_first import Prediction
from components.elements.view import sent
from components.lessons.recorded import of_shipped_model, trace_file
from components.lm.checkpoints.bundled import KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import working
from components.shell.loading import FIRST_MODEL, load_model
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.gpt.generation import GeneratedStep
    from components.lm.gpt.writing import Writing
    from components.lm.gpt.written import StepDetails


PROMPT = "The old woman opened the door and"
KOREAN = {
    "prompt": "할머니는 아이에게",  # chosen by ``choose_prompt`` in generation_recorder
    "model": KOREAN_GPT,
}
"""What the page begins with in Korean."""
RECORDED = {FIRST_MODEL: "gpt/generation", KOREAN_GPT: "gpt/generation_ko"}
"""First views, each of its own model and beginning."""
BLOCK = 8
"""Two blocks of steps are sent with all their candidates, about 1.2 kB each."""
AHEAD, AHEAD_SECONDS = 16, 0.25
NEAR = 4
"""Known steps beyond the one on screen with which nothing more is computed."""

STEP = links.Integer("step", 0, 4096, 0)
PARAMS = (
    links.Text("prompt", PROMPT),
    links.Text("model", FIRST_MODEL, max_chars=120, example="nano-gpt"),
    links.Choice("strategy", ("greedy", "sample"), "sample"),
    links.Number("temperature", 0.0, 2.0, 0.8),
    links.Integer("top_k", 0, 200, 0),
    links.Number("top_p", 0.05, 1.0, 0.9),
    links.Integer("seed", 0, 9999, 3),
    STEP,
    links.Numbers("picks", example=(1, 300)),
    links.Numbers(
        "ties", example=(2, 300)
    ),  # tokens that rounding, not the reader, decided where the link was made
    links.Choice("inside", ("nothing", "attention", "lens", "cache", "tokens"), "nothing"),
)
_SETTINGS = ("strategy", "temperature", "top_k", "top_p", "seed")
FIELDS = ("prompt", *_SETTINGS, "step", "picks", "ties", "inside")
"""What the browser moves by itself."""
VIEW = "gpt"
"""The name that the elements of the page share."""
_NOTHING: dict[str, Any] = {"line": [], "dropped": 0, "empty": False}
TOLD = 66
"""Tokens of its text that the browser tells Python of: those the notebook can name."""


@dataclass
class Blocks:
    """What one reader was sent of a text of the loaded model, and from what.

    Attributes:
        wanted: the run, the model's revision, and how many steps were to be known.
        text: see ``components.lm.gpt.writing``.
        steps: those of the text that were sent.
        complete: whether all of them are known, or the text ended before.
        fixed: the steps without their candidates.
    """

    wanted: tuple[str, str, int]
    text: "Writing"
    steps: "tuple[GeneratedStep, ...]"
    complete: bool
    fixed: WriterSteps
    _details: "tuple[int, list[StepDetails]]" = (-1, [])

    def details(self, first: int) -> "list[StepDetails]":
        """Return two blocks of candidates from step ``first`` on."""
        from components.lm.gpt.written import details

        if self._details[0] != first:
            self._details = (first, details(self.steps[first : first + 2 * BLOCK]))
        return self._details[1]


def _trace() -> dict[str, Any] | None:
    name = RECORDED.get(st.session_state["model"])
    return None if name is None else trace_file(name)


def precomputed() -> dict[str, Any] | None:
    """Return the first view from the file if it is what the link asks for, else None (no torch either way)."""
    state = st.session_state
    trace = _trace()
    if (
        trace is None
        or state["picks"]
        or state["ties"]
        or any(state[key] != trace["state"][key] for key in ("prompt", "model", *_SETTINGS))
    ):
        return None
    if max(state["step"], _wanted()) > len(trace["steps"]) - 1 or state["inside"] != "nothing":
        return None
    return of_shipped_model(trace)


def prediction() -> Prediction | None:
    """Which token is the most probable first one? None where the recorded view is of other weights."""
    trace = _trace()
    if trace is None or of_shipped_model(trace) is None:
        return None
    step = trace["steps"][0]
    probs = [math.exp(logit - step["log_z"]) for logit in step["logits"]]
    chosen = step["chosen"]
    asked = sorted(place for place in {0, 1, chosen["rank"] - 1, 7} if place < len(step["texts"]))
    options = sorted((step["texts"][i] for i in asked), key=str.lower)
    first = step["texts"][0]
    drawn = "predict_drawn" if chosen["rank"] > 1 else "predict_first"
    return Prediction(
        t("gpt", "predict", prompt=trace["state"]["prompt"]),
        options,
        options.index(first),
        t(
            "gpt",
            drawn,
            token=first.strip(),
            p=f"{100 * probs[0]:.3g}%",
            chosen=chosen["text"].strip(),
            q=f"{100 * chosen['probs'][0]:.3g}%",
        ),
        state={key: trace["state"][key] for key in KOREAN},
        tokens=True,
    )


def _wanted() -> int:
    """Return how many steps the browser asks for; 0 if it asks for none."""
    want = st.session_state.get("writer", {}).get("want")
    return int(want["until"]) if want else 0


def pairs(picks: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """``(1, 50, 4, 7)`` -> step 1 took token 50, step 4 took token 7."""
    return tuple(zip(picks[::2], picks[1::2], strict=False))


def writing(model: str, revision: str) -> "Writing":
    """Return the text on screen (see ``components.lm.gpt.writing``)."""
    s = st.session_state
    greedy = s["strategy"] == "greedy"
    settings: tuple[bool, float, int, float, int] = (
        (False, 1.0, 0, 1.0, 0) if greedy else (True, s["temperature"], s["top_k"], s["top_p"], s["seed"])
    )
    return _writing(
        model, revision, s["prompt"], *settings, pairs(tuple(s["picks"])), pairs(tuple(s["ties"]))
    )


def _run_key(model: str) -> str:
    s = st.session_state
    return json.dumps([s["prompt"], model, *(s[key] for key in _SETTINGS), list(s["picks"]), list(s["ties"])])


def control_widths() -> list[float]:
    """Return the widths of the model and of the fields: one row in both text sizes."""
    return [1.6, 9.6] if st.session_state.get("size") == "lecture" else [2, 11.8]


def fields() -> WriterFields:
    """Return what the fields above the text begin with; notes about links call them as they do."""
    for key in ("prompt", *_SETTINGS):
        links.name_field(key, t("gpt", key))
    return {"rev": links.revision(), "state": _state(), "params": links.described(*FIELDS)}


def _state() -> dict[str, Any]:
    """Everything but the step that decides what is written, as the browser holds it."""
    s = st.session_state
    return {key: list(s[key]) if key in ("picks", "ties") else s[key] for key in FIELDS if key != "step"}


def browser_writes(card: ModelCard) -> bool:
    """Return whether the browser told that it computes with this model."""
    return bool(st.session_state.get("_gpt_browser") == card.name)


def shown_text(card: ModelCard) -> "tuple[Writing | None, Writer | LocalWriter]":
    """Return (the text, if it was computed here; the element's data): from the file, from the model, or from the browser.

    A bundled model is served to the browser, which writes by itself as soon as it has it; until then, and with every other
    model, the steps come from here.
    """
    files = model_files(card.name)
    if files is not None and browser_writes(card):
        return None, {**_frame(card, files), "local": True}
    text, steps = first_view(card) or computed(card)
    data: Writer = {**_frame(card, files), **steps}
    if data["empty"]:
        token, token_id = data["prompt"][0][:2]
        ends = load_model(card.name, "generation").tokenizer.eos_token_id == token_id
        data["begin"] = None if ends else token
    return text, data


def written(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the notebook is made of: the tokens that were sent, or those that the browser told of."""
    return data if "line" in data else st.session_state.get("_gpt_written") or {**_NOTHING}


def _frame(card: ModelCard, files: ModelFiles | None) -> WriterFrame:
    """What stands around every text. The element begins at the step of the link and then steps by itself."""
    rev, run = links.revision(), _run_key(card.name)
    start = st.session_state.get("_gpt_start")
    if start is None or start[:2] != (rev, run):
        start = st.session_state["_gpt_start"] = (rev, run, st.session_state["step"])
    return {
        "rev": rev,
        "step": start[2],
        "state": _state(),
        "params": links.described(*FIELDS),
        "model": {
            "model": card.name,
            "revision": card.revision.removeprefix("sha256:")[:10],
            "parameters": f"{card.num_parameters:,}",
            "vocab": f"{card.vocab_size:,}",
        },
        "english": card.languages == ("en",),
        "korean": card.languages == ("ko",),
        "files": files,
    }


def first_view(card: ModelCard) -> tuple[None, WriterSteps] | None:
    """Return (no text, its steps) from the file if that is what the state asks for; needs no torch."""
    trace = precomputed() if card.name in RECORDED else None
    return None if trace is None else (None, from_trace(trace))


def computed(card: ModelCard) -> "tuple[Writing, WriterSteps]":
    """Return (the text, its steps) from the model; a step inside the blocks on screen costs nothing."""
    state = st.session_state
    needed = max(state["step"], _wanted()) + 1
    # In blocks, so that what is sent stays the same for several steps and need not travel again.
    until = -(-needed // BLOCK) * BLOCK + AHEAD
    wanted = (_run_key(card.name), card.revision, until)
    blocks: Blocks | None = state.get("_gpt_blocks")
    # A machine too busy to compute them all at once sends what it has, and more only where that ends: not all of it at every step.
    if (
        blocks is None
        or blocks.wanted != wanted
        or not (blocks.complete or needed + NEAR <= len(blocks.steps))
    ):
        with working(told("gpt", "loading", model=card.name)):
            text = writing(card.name, card.revision)
            blocks = state["_gpt_blocks"] = _blocks(text, wanted, needed)
    return blocks.text, from_blocks(blocks)


def from_trace(trace: Mapping[str, Any]) -> WriterSteps:
    """Return the steps of the precomputed first view."""
    return {
        "prompt": trace["prompt"],
        "line": trace["line"],
        "details": {"from": 0, "steps": trace["steps"]},
        "open": True,
        "stop": None,
        "limit": trace["limit"],
        "dropped": 0,
        "empty": False,
    }


def _blocks(text: "Writing", wanted: tuple[str, str, int], needed: int) -> Blocks:
    from components.lm.gpt.written import prompt_line, written_line

    until = wanted[2]
    known = text.steps(needed, ahead=until - needed, seconds=AHEAD_SECONDS)
    steps = known[:until]
    ended = text.stop_reason is not None and len(steps) == len(known)
    fixed: WriterSteps = {
        "prompt": prompt_line(text.prompt, text.statistics()),
        "line": written_line(steps),
        "details": {"from": 0, "steps": []},
        "open": not ended,
        "stop": text.stop_reason if ended else None,
        "limit": text.prompt.context_length,
        "dropped": text.prompt.dropped_tokens,
        "empty": text.prompt.from_end_of_text,
    }
    return Blocks(wanted, text, steps, ended or len(steps) == until, fixed)


def from_blocks(blocks: Blocks) -> WriterSteps:
    """Return the steps of a text of the loaded model, with the candidates of those near the one on screen."""
    step = st.session_state["step"] = min(st.session_state["step"], len(blocks.steps))
    first = max(0, step // BLOCK * BLOCK - BLOCK // 2)
    return {**blocks.fixed, "details": {"from": first, "steps": blocks.details(first)}}


# -- callbacks: run before the page ---------------------------------------------------------------


def took_view() -> None:
    """The browser moved the view by itself and tells where it is; ``browser`` names the model it computes with."""
    report = sent(st.session_state["writer"].get("view"), links.revision())
    if report is None:
        return
    state = report.get("state")
    if isinstance(state, Mapping) and links.take_over(state):
        st.session_state["_gpt_elsewhere"] = True
    st.session_state["_gpt_browser"] = report.get("browser")
    st.session_state["_gpt_written"] = _told(report.get("written"))


def _told(report: Any) -> dict[str, Any] | None:
    """Return what the browser told of its text: ids and bits of its first tokens; None if it is of another shape."""
    try:
        line = [[str(entry[0]), int(entry[1]), float(entry[2])] for entry in report["line"][:TOLD]]
        return {"line": line, "dropped": int(report["dropped"]), "empty": bool(report["empty"])}
    except (TypeError, KeyError, ValueError, IndexError):
        return None


def wanted_more() -> None:
    """The browser asked for steps beyond the known ones; how many is read where they are computed.

    It has moved on and not told of it yet. This run writes the address, so it brings along the step on screen: a link copied then
    would lack it.
    """
    with contextlib.suppress(KeyError, TypeError, ValueError, links.Unusable):
        st.session_state["step"] = STEP.read(str(st.session_state["writer"]["want"]["step"]))


def edited() -> None:
    """The model changed: the new text starts at its beginning."""
    links.put("picks", ())
    links.put("ties", ())
    links.put("step", 0)
    links.moved()


def settle() -> None:
    """Run the whole page again if what stands outside the text names settings that have moved."""
    if st.session_state.pop("_gpt_elsewhere", False):
        links.run_again()


# -- words and files ------------------------------------------------------------------------------


def settings_words() -> str:
    """Return the settings in one line."""
    s = st.session_state
    if s["strategy"] == "greedy":
        return t("gpt", "settings_greedy")
    return t(
        "gpt",
        "settings_sample",
        temperature=f"{s['temperature']:g}",
        top_k=s["top_k"],
        top_p=f"{s['top_p']:g}",
        seed=s["seed"],
    )


def caption(card: ModelCard) -> str:
    """Return the line under the picture: model, revision, size, settings."""
    return t(
        "gpt",
        "caption",
        model=card.name,
        revision=card.revision.removeprefix("sha256:")[:10],
        parameters=f"{card.num_parameters:,}",
        vocab=f"{card.vocab_size:,}",
        settings=settings_words(),
    )


def about(card: ModelCard) -> dict[str, Any]:
    """Return what every exported file names."""
    s = st.session_state
    return {
        "model": card.name,
        "revision": card.revision,
        "prompt": s["prompt"],
        "strategy": s["strategy"],
        "temperature": s["temperature"],
        "top_k": s["top_k"],
        "top_p": s["top_p"],
        "seed": s["seed"],
    }


def _shown(card: ModelCard) -> Any:
    """Return the steps up to the one on screen, with its candidates."""
    text = writing(card.name, card.revision)
    return text, text.steps(st.session_state["step"] + 1)[: st.session_state["step"] + 1]


def tables(card: ModelCard) -> dict[str, Any]:
    """Return the tables of the export: one row a step, and one row a candidate."""

    def steps() -> list[dict[str, Any]]:
        from components.lm.gpt.generation import export_rows

        return export_rows(_shown(card)[1])

    def candidates() -> list[dict[str, Any]]:
        from components.lm.gpt.generation import candidate_rows

        return candidate_rows(_shown(card)[1])

    return {"steps": steps, "candidates": candidates}


def result(card: ModelCard) -> dict[str, Any]:
    """Return the whole result for the JSON export."""
    from components.lm.gpt.generation import export_json

    text, steps = _shown(card)
    return export_json(text.prompt, text.settings, steps)


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot."""
    return [
        (t("gpt", "try_surprise"), {"prompt": "Once upon a", "strategy": "greedy"}),
        (t("gpt", "try_hot"), {"temperature": 2.0, "top_p": 1.0, "step": 12}),
        (t("gpt", "try_bytes"), {"prompt": "안녕하세요", "inside": "tokens"}),
    ]


# A text of about 100 steps: some 150 kB; shared by all sessions, so a class on one link computes once.
@shared
def _writing(
    name: str,
    revision: str,
    prompt: str,
    do_sample: bool,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
    picks: tuple[tuple[int, int], ...],
    ties: tuple[tuple[int, int], ...],
) -> "Writing":
    """Return the text that these settings write; ``revision`` makes a replaced model a new entry."""
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.writing import Writing

    loaded = load_model(name, "generation")
    settings = SamplingSettings(do_sample, temperature, top_k, top_p, seed)
    return Writing(loaded, prompt, settings, dict(picks), dict(ties))
