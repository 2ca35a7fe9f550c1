"""State and data of the page "GPT writes, token by token": texts, branches, what the browser gets."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.lessons.recorded import of_shipped_model, trace_file
from components.shell import links
from components.shell.held import held
from components.shell.layout import note_line, working
from components.shell.loading import FIRST_MODEL, load_model
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.gpt.writing import Writing


PROMPT = "The old woman opened the door and"
BLOCK = 8
"""Two blocks of steps are sent with all their candidates, about 1.2 kB each."""
AHEAD, AHEAD_SECONDS = 16, 0.25

PARAMS = (
    links.Text("prompt", PROMPT),
    links.Text("model", FIRST_MODEL, max_chars=120, example="nano-gpt"),
    links.Choice("strategy", ("greedy", "sample"), "sample"),
    links.Number("temperature", 0.0, 2.0, 0.8),
    links.Integer("top_k", 0, 200, 0),
    links.Number("top_p", 0.05, 1.0, 0.9),
    links.Integer("seed", 0, 9999, 2),
    links.Integer("step", 0, 4096, 0),
    links.Numbers("picks", example=(1, 300)),
    links.Choice("inside", ("nothing", "attention", "lens", "cache", "tokens"), "nothing"),
)
_SETTINGS = ("strategy", "temperature", "top_k", "top_p", "seed")


@dataclass(frozen=True)
class Branch:
    """A continuation that was on screen once: enough to return to it."""

    prompt: str
    model: str
    settings: tuple[Any, ...]
    picks: tuple[int, ...]
    ids: tuple[int, ...]
    texts: tuple[str, ...]
    logprob: float


@dataclass
class Blocks:
    """What one reader was sent of a text of the loaded model, and from what.

    Attributes:
        wanted: the run, the model's revision, and how many steps were to be known.
        text: see ``components.lm.gpt.writing``.
        complete: whether all of them are known, or the text ended before.
        fixed: the part of the element's data that these steps decide.
    """

    wanted: tuple[str, str, int]
    text: Any
    steps: tuple[Any, ...]
    complete: bool
    fixed: dict[str, Any]
    _details: tuple[int, list[dict[str, Any]]] = (-1, [])

    def details(self, first: int) -> list[dict[str, Any]]:
        """Return two blocks of candidates from step ``first`` on."""
        from components.lm.gpt.written import details

        if self._details[0] != first:
            self._details = (first, details(self.steps[first : first + 2 * BLOCK]))
        return self._details[1]


def _trace() -> Any:
    return trace_file("gpt/generation")


def precomputed() -> Any:
    """Return the first view from the file if it is what the link asks for, else None (no torch either way)."""
    state = st.session_state
    trace = _trace()
    if (
        trace is None
        or state["picks"]
        or any(state[key] != trace["state"][key] for key in ("prompt", "model", *_SETTINGS))
    ):
        return None
    if max(state["step"], _wanted()) > len(trace["steps"]) - 1 or state["inside"] != "nothing":
        return None
    return of_shipped_model(trace)


def _wanted() -> int:
    return int(st.session_state.get("writer", {}).get("want") or 0)


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
    return _writing(model, revision, s["prompt"], *settings, pairs(tuple(s["picks"])))


def _run_key(model: str) -> str:
    s = st.session_state
    return json.dumps([s["prompt"], model, *(s[key] for key in _SETTINGS), list(s["picks"])])


def control_widths() -> list[float]:
    """Return the widths of beginning, model, choice, temperature, top-k, top-p, seed: one row in both text sizes."""
    if st.session_state.get("size") == "lecture":
        return [2.0, 1.5, 2.05, 1.25, 1.3, 1.3, 1.3]
    return [4.2, 2, 2.1, 1.6, 1.3, 1.3, 1.2]


def sampling_controls(places: Sequence[Any]) -> None:
    """Draw the five controls of how a token is chosen."""
    greedy = st.session_state["strategy"] == "greedy"
    held(places[0]).segmented_control(
        t("gpt", "strategy"),
        ["greedy", "sample"],
        key="strategy",
        required=True,
        help=t("gpt", "strategy_help"),
        on_change=resampled,
    )
    common: dict[str, Any] = {"disabled": greedy, "on_change": resampled}
    held(places[1]).slider(t("gpt", "temperature"), 0.0, 2.0, step=0.05, key="temperature", **common)
    held(places[2]).number_input(
        t("gpt", "top_k"), 0, 200, key="top_k", help=t("gpt", "top_k_help"), **common
    )
    held(places[3]).number_input(
        t("gpt", "top_p"), 0.05, 1.0, step=0.05, key="top_p", help=t("gpt", "top_p_help"), **common
    )
    held(places[4]).number_input(t("gpt", "seed"), 0, 9999, key="seed", help=t("gpt", "seed_help"), **common)


def first_view(card: Any) -> tuple[None, dict[str, Any]] | None:
    """Return (no text, the element's data) from the file if that is what the state asks for; needs no torch."""
    trace = precomputed() if card.name == FIRST_MODEL else None
    return None if trace is None else (None, from_trace(trace))


def computed(card: Any) -> tuple[Any, dict[str, Any]]:
    """Return (the text, the element's data) from the model; a step inside the blocks on screen costs nothing."""
    state = st.session_state
    needed = max(state["step"], _wanted()) + 1
    # In blocks, so that what is sent stays the same for several steps and need not travel again.
    until = -(-needed // BLOCK) * BLOCK + AHEAD
    wanted = (_run_key(card.name), card.revision, until)
    blocks: Blocks | None = state.get("_gpt_blocks")
    if blocks is None or blocks.wanted != wanted or not blocks.complete:
        with working(told("gpt", "loading", model=card.name)):
            text = writing(card.name, card.revision)
            blocks = state["_gpt_blocks"] = _blocks(text, wanted, needed)
    return blocks.text, from_blocks(card.name, blocks)


def from_trace(trace: Any) -> dict[str, Any]:
    """Return the element's data for the precomputed first view."""
    step = st.session_state["step"]
    line = trace["line"][: step + 1]
    note(FIRST_MODEL, [(entry[1], entry[0], -entry[2] * math.log(2)) for entry in line])
    return {
        **_common(FIRST_MODEL, step),
        "prompt": trace["prompt"],
        "line": trace["line"],
        "details": {"from": 0, "steps": trace["steps"]},
        "open": True,
        "stop": None,
        "limit": trace["limit"],
        "dropped": 0,
        "empty": False,
    }


def _blocks(text: Any, wanted: tuple[str, str, int], needed: int) -> Blocks:
    from components.lm.gpt.written import prompt_line, written_line

    until = wanted[2]
    known = text.steps(needed, ahead=until - needed, seconds=AHEAD_SECONDS)
    steps = known[:until]
    ended = text.stop_reason is not None and len(steps) == len(known)
    fixed = {
        "prompt": prompt_line(text.prompt, text.statistics()),
        "line": written_line(steps),
        "open": not ended,
        "stop": text.stop_reason if ended else None,
        "limit": text.prompt.context_length,
        "dropped": text.prompt.dropped_tokens,
        "empty": text.prompt.from_end_of_text,
    }
    return Blocks(wanted, text, steps, ended or len(steps) == until, fixed)


def from_blocks(model: str, blocks: Blocks) -> dict[str, Any]:
    """Return the element's data for a text of the loaded model."""
    step = st.session_state["step"] = min(st.session_state["step"], len(blocks.steps))
    first = max(0, step // BLOCK * BLOCK - BLOCK // 2)
    note(model, [(x.token.token_id, x.token.text, x.trace.logprob) for x in blocks.steps[: step + 1]])
    details = {"from": first, "steps": blocks.details(first)}
    return {**_common(model, step), **blocks.fixed, "details": details}


def _common(model: str, step: int) -> dict[str, Any]:
    """What both kinds of data share. ``step`` is where the element begins; it then steps by itself."""
    rev, run = links.revision(), _run_key(model)
    start = st.session_state.get("_gpt_start")
    if start is None or start[:2] != (rev, run):
        start = st.session_state["_gpt_start"] = (rev, run, step)
    return {
        "rev": rev,
        "run": run,
        "step": start[2],
        "branches": branches(model),
        "earlier": earlier(),
    }


# -- branches -------------------------------------------------------------------------------------


def _kept() -> list[Branch]:
    return st.session_state.setdefault("_gpt_branches", [])  # type: ignore[no-any-return]


def note(model: str, tokens: Sequence[tuple[int, str, float]]) -> None:
    """Note the continuation on screen (id, text, log-probability), so that a pick or an edit does not lose it.

    Going back in a text does not shorten what is noted of it.
    """
    s = st.session_state
    now = Branch(
        s["prompt"],
        model,
        tuple(s[key] for key in _SETTINGS),
        tuple(s["picks"]),
        tuple(token_id for token_id, _, _ in tokens),
        tuple(text for _, text, _ in tokens),
        math.fsum(logprob for _, _, logprob in tokens),
    )
    before: Branch | None = s.get("_gpt_now")
    if before is None or len(before.ids) <= len(now.ids) or _origin(before) != _origin(now):
        s["_gpt_now"] = now


def _origin(branch: Branch) -> tuple[Any, ...]:
    return branch.prompt, branch.model, branch.settings, branch.picks


def keep() -> None:
    """Put the continuation on screen among the branches; a longer one replaces its own beginning."""
    now: Branch | None = st.session_state.get("_gpt_now")
    if now is None or not now.ids:
        return
    kept = _kept()
    for other in list(kept):
        if (other.prompt, other.model) == (now.prompt, now.model):
            if other.ids[: len(now.ids)] == now.ids:
                return
            if now.ids[: len(other.ids)] == other.ids:
                kept.remove(other)
    kept.append(now)
    del kept[:-40]


def branches(model: str) -> list[dict[str, Any]]:
    """Return the branches of the prompt on screen: texts, log-probability, number to return by."""
    return [
        {"number": i, "ids": list(b.ids), "texts": list(b.texts), "logprob": b.logprob}
        for i, b in enumerate(_kept())
        if b.prompt == st.session_state["prompt"] and b.model == model
    ][-8:]


def earlier() -> list[dict[str, Any]]:
    """Return one branch for each other prompt, newest last: the way back after an edit."""
    newest = {b.prompt: i for i, b in enumerate(_kept()) if b.prompt != st.session_state["prompt"]}
    return [{"number": i, "prompt": prompt[:60]} for prompt, i in list(newest.items())[-4:]]


# -- callbacks: run before the page, so that widgets can still be moved ---------------------------


def took_step() -> None:
    """The browser stepped."""
    step = links.reported(st.session_state["writer"].get("step"))
    if step is not None:
        links.put("step", step)


def wanted_more() -> None:
    """The browser asked for steps beyond the known ones; the number is read where they are computed."""


def picked() -> None:
    """A candidate was clicked: keep the old continuation, take the other token from here on."""
    pick = st.session_state["writer"].get("pick")
    if not isinstance(pick, dict):
        return
    step, token = int(pick["step"]), int(pick["id"])
    before = [
        n for at, token_id in pairs(tuple(st.session_state["picks"])) if at < step for n in (at, token_id)
    ]
    picks = (*before, step, token)
    if picks != tuple(st.session_state["picks"]):  # else the browser has asked twice
        keep()
    links.put("picks", picks)
    links.put("step", step)
    links.moved()


def returned() -> None:
    """A node of the tree was clicked: everything that made that branch comes back."""
    go = st.session_state["writer"].get("go")
    if not isinstance(go, dict):
        return
    kept = _kept()
    number = int(go["branch"])
    if not 0 <= number < len(kept):
        return
    branch = kept[number]
    keep()
    s = st.session_state
    s["prompt"], s["model"], s["picks"] = branch.prompt, branch.model, branch.picks
    s.update(zip(_SETTINGS, branch.settings, strict=True))
    links.put("step", min(int(go["step"]), len(branch.ids)))
    links.moved()
    s["_gpt_returned"] = True


def settle() -> None:
    """Run the whole page again if the widgets above the text have to show another branch's settings."""
    if st.session_state.pop("_gpt_returned", False):
        links.run_again()


def edited() -> None:
    """The beginning or the model changed: its branches stay, the new text starts at its beginning."""
    keep()
    links.put("picks", ())
    links.put("step", 0)
    links.moved()


def resampled() -> None:
    """A sampling control changed: same logits, another choice; picks by hand stay."""
    links.moved()


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


def caption(card: Any) -> str:
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


def about(card: Any) -> dict[str, Any]:
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


def _shown(card: Any) -> Any:
    """Return the steps up to the one on screen, with its candidates."""
    text = writing(card.name, card.revision)
    return text, text.steps(st.session_state["step"] + 1)[: st.session_state["step"] + 1]


def notices(card: Any, data: dict[str, Any]) -> None:
    """Say in words what happened to an unusual prompt."""
    prompt = st.session_state["prompt"]
    if data["empty"]:
        token, token_id = data["prompt"][0][:2]
        ends = load_model(card.name, "generation").tokenizer.eos_token_id == token_id
        note_line(t("gpt", "empty_prompt" if ends else "empty_prompt_begin", token=token))
    if data["dropped"]:
        note_line(t("gpt", "dropped", dropped=f"{data['dropped']:,}", kept=len(data["prompt"])))
    if any("가" <= letter <= "힣" for letter in prompt) and card.languages == ("en",):
        note_line(t("gpt", "not_korean", model=card.name))


def tables(card: Any) -> dict[str, Any]:
    """Return the tables of the export: one row a step, and one row a candidate."""

    def steps() -> list[dict[str, Any]]:
        from components.lm.gpt.generation import export_rows

        return export_rows(_shown(card)[1])

    def candidates() -> list[dict[str, Any]]:
        from components.lm.gpt.generation import candidate_rows

        return candidate_rows(_shown(card)[1])

    return {"steps": steps, "candidates": candidates}


def result(card: Any) -> Any:
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


# 200 texts of about 100 steps: some 30 MB; shared by all sessions, so a class on one link computes once.
@st.cache_resource(max_entries=200, show_spinner=False)
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
) -> "Writing":
    """Return the text that these settings write; ``revision`` makes a replaced model a new entry."""
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.writing import Writing

    loaded = load_model(name, "generation")
    settings = SamplingSettings(do_sample, temperature, top_k, top_p, seed)
    return Writing(loaded, prompt, settings, dict(picks))
