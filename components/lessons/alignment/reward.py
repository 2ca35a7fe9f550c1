"""State and data of the page "Paid for what it writes": a model and a reward, and what holds the model back."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from components.elements.alignment.preference_board import pressed
from components.elements.alignment.reward_plane import BestOf, RewardData, RewardTrack, RewardView, Story
from components.elements.predict_first import Prediction
from components.lessons.alignment.vote_lists import lists
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.alignment import rewards
from components.lm.alignment.reinforce import (
    BATCH,
    BETAS,
    GAIN,
    HELD,
    LADDER,
    LEAST_PAIRS,
    MEASURED,
    MOST_KL,
    RECIPES,
    SEEDS,
    End,
    betas_of,
)
from components.shell import links
from components.shell.layout import Export
from components.shell.notebook import Notebook, opening
from components.words import labels, t, told

NAME = "alignment/reward"
WORDS = "reward"
BOARD = "reward_plane"
LOOKS = ("absent", "train", "nothing")
KINDS = ("happy", "short", "dog", "never", "clicks")
LIVE_KINDS = ("happy", "short", "word", "clicks")
LIVE_MODELS = ("nano-gpt", "pocket-gpt")
MODELS = ("pocket-gpt", "nano-gpt")
STARTS = ("0", "1", "2")
LAST = 8
"""The last measured moment of every recorded run."""
LOST = 30.0
"""Nats a text from which on few words are no short story any more: the words themselves come apart."""
HELD_TRACK = 2
"""The track of the β that holds the model back."""
BETA_NAMES = tuple(f"{beta:g}" for beta in sorted({*BETAS, *HELD.values()}))
"""Of a live run."""
POCKET_STEPS, POCKET_MOMENTS = 12, 4
"""Of a live run with the larger model: a step and a measurement take it about a second each."""


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs by model (``python -m components.pretraining reward``)."""
    found: Mapping[str, Any] = shipped(NAME)["models"]
    return found


def models_of(kind: str) -> tuple[str, ...]:
    """Return the models whose runs for a reward are recorded, the larger first."""
    return tuple(name for name in MODELS if kind in recorded().get(name, {}).get("rewards", {}))


RULES: dict[str, rewards.Kind] = {
    "happy": "happy",
    "short": "short",
    "dog": "word",
    "never": "word",
    "word": "word",
    "clicks": "clicks",
}
"""The rule behind each reward's name."""
LEAST = 8
"""Decided pairs that a judge of one's own needs."""
CLICKED = "alignment/preferences"
"""The page where stories are pressed: its recorded file, and the parameters of its link that travel here."""
SOURCES = ("recorded", "own", "together")
"""Who pressed there."""
PAIRS = 120
"""That can be pressed there."""

PARAMS = (
    links.Choice("reward_kind", KINDS, KINDS[0]),
    links.Choice("reward_model", MODELS, MODELS[0]),
    links.Choice("reward_start", STARTS, STARTS[0]),
    links.Integer("reward_step", 0, LAST, LAST),
    links.Integer("reward_track", 0, len(BETAS) - 1, 0),
    links.Choice("reward_look", LOOKS, "absent"),
    links.Choice("reward_live_model", LIVE_MODELS, LIVE_MODELS[0]),
    links.Choice("reward_live_kind", LIVE_KINDS, LIVE_KINDS[0]),
    links.Text("reward_word", "cat", 30, example="moon"),
    links.Choice("reward_beta", BETA_NAMES, BETA_NAMES[0]),
    links.Integer("reward_live_seed", 0, 99, 0),
    links.Choice("pref_from", SOURCES, SOURCES[0]),
    links.Text("pref_clicks", "", 200, example="121201"),
    links.Text("pref_list", "", 22),
)


def model() -> str:
    """Return the model in sight: that of the link if the reward was recorded with it."""
    offered, wanted = models_of(kind()), str(st.session_state["reward_model"])
    return wanted if wanted in offered else offered[0]


def kind() -> str:
    """Return the reward in sight."""
    return str(st.session_state["reward_kind"])


def paid_for(name: str, reward: str) -> Mapping[str, Any]:
    """Return what was recorded for a reward with a model: ``kind``, ``word``, ``best_of`` and ``runs``."""
    found: Mapping[str, Any] = recorded()[name]["rewards"][reward]
    return found


def run_of(name: str, reward: str, beta: float, seed: int = SEEDS[0]) -> Mapping[str, Any]:
    """Return one recorded run."""
    runs: Sequence[Mapping[str, Any]] = paid_for(name, reward)["runs"]
    return next(r for r in runs if r["setting"]["beta"] == beta and r["setting"]["seed"] == seed)


def betas() -> tuple[float, ...]:
    """Return the β of the tracks in sight: those that were recorded."""
    kept = {run["setting"]["beta"] for run in paid_for(model(), kind())["runs"]}
    return tuple(beta for beta in betas_of(model(), kind()) if beta in kept)


def tried(name: str) -> list[End]:
    """Return where the runs ended whose β was tried for holding a model back."""
    return [End(**end) for end in paid_for(name, "happy")["tried"]]


def view() -> RewardView:
    """Return where the reader is, from the link."""
    return RewardView(
        st.session_state["reward_step"], min(st.session_state["reward_track"], len(betas()) - 1)
    )


def keep(now: RewardView) -> None:
    """Hand what the element holds to the link."""
    links.put("reward_step", now.step)
    links.put("reward_track", now.track)


@dataclass(frozen=True)
class Presses:
    """What a judge learns from: ``made``, a character a pair; ``whose``, the source it came from; ``lacking``: why the list of the
    link is not it (``ended``, ``open``, ``few``), or nothing."""

    made: str
    whose: str
    lacking: str = ""

    @property
    def decided(self) -> int:
        """How many pairs have a better story."""
        return decided(self.made)


def decided(made: str) -> int:
    """Return how many of these presses are no ties.

    >>> decided("12-01")
    3
    """
    return sum(press in "12" for press in made)


def presses() -> Presses:
    """Return the presses that a judge learns from: those of the link's list, or the reader's, or, where both are too few, recorded
    ones."""
    lacking, name = "", str(st.session_state["pref_list"] or "")
    if st.session_state["pref_from"] == "together" and name:
        made = lists().result(name, PAIRS)
        if decided(made) >= LEAST:
            return Presses(made, "together")
        lacking = "few" if lists().is_closed(name) else "open" if lists().exists(name) else "ended"
    own = pressed(str(st.session_state["pref_clicks"] or ""), PAIRS)
    if decided(own) >= LEAST:
        return Presses(own, "own", lacking)
    return Presses(str(shipped(CLICKED)["clicks"]), "recorded", lacking)


def mean(values: Sequence[float]) -> float:
    """Return the mean of some values, to three decimals."""
    return round(sum(values) / len(values), 3)


def marked(text: Mapping[str, Any], reward: str, word: str) -> Story:
    """Return a recorded text with the pieces that the reward counts marked; ``reward`` names the rule."""
    whole = "".join(text["pieces"])
    spans = rewards.paid(RULES[reward], whole, word)
    marks, at = [], 0
    for piece in text["pieces"]:
        end = at + len(piece)
        marks.append(next((sign for start, stop, sign in spans if start < end and at < stop), 0))
        at = end
    return {
        "pieces": text["pieces"],
        "ratios": text["ratios"],
        "marks": marks,
        "kl": text["kl"],
        "reward": text["reward"],
    }


def track(runs: Sequence[Mapping[str, Any]], start: int, reward: str) -> RewardTrack:
    """Return the runs of one β as the plane draws them: their means, their band, and the first run's stories."""
    moments = range(len(runs[0]["steps"]))
    beta, word = runs[0]["setting"]["beta"], runs[0]["setting"]["word"]
    return {
        "label": f"β = {beta:g}",
        "beta": beta,
        "kl": [mean([r["kl"][m] for r in runs]) for m in moments],
        "reward": [mean([r["reward"][m] for r in runs]) for m in moments],
        "low": [min(r["reward"][m] for r in runs) for m in moments],
        "high": [max(r["reward"][m] for r in runs) for m in moments],
        "seeds": [[(r["kl"][m], r["reward"][m]) for r in runs] for m in moments],
        "pairs": [mean([r["pairs"][m] for r in runs]) for m in moments],
        "stories": [[marked(text, reward, word) for text in runs[0]["texts"][m][start]] for m in moments],
    }


def tracks() -> list[RewardTrack]:
    """Return the tracks in sight, one a β."""
    start = int(st.session_state["reward_start"])
    return [track([run_of(model(), kind(), beta, seed) for seed in SEEDS], start, kind()) for beta in betas()]


def board(drawn: Sequence[RewardTrack], steps: Sequence[int], best: Sequence[BestOf], beginning: str) -> RewardData:  # fmt: skip
    """Return what a plane draws."""
    return {
        "steps": steps,
        "tracks": drawn,
        "best": best,
        "beginning": beginning,
        "words": labels("reward_plane"),
        "stepper": labels("stepper"),
    }


def beginning() -> str:
    """Return the beginning whose stories are in sight."""
    return str(recorded()[model()]["beginnings"][int(st.session_state["reward_start"])])


def steps() -> list[int]:
    """Return the step of every moment in sight."""
    return list(run_of(model(), kind(), 0.0)["steps"])


def number(value: float) -> str:
    """Return a mean as a person reads it.

    >>> number(39.222), number(3.806), number(-0.08), number(-0.001)
    ('39.2', '3.8', '−0.08', '0.0')
    """
    digits = 2 if 0.005 <= abs(value) < 0.1 else 1
    return f"{value if abs(value) >= 0.005 else 0.0:.{digits}f}".replace("-", "−")


def texts_seen() -> int:
    """Return how many texts the model was paid for in the runs of one β in sight."""
    return len(SEEDS) * BATCH * steps()[-1]


def aid(drawn: Sequence[RewardTrack], now: RewardView) -> str:
    """What the chosen β has come to at this moment; HTML."""
    chosen, k = drawn[now.track], now.step
    said = [
        t(
            WORDS,
            "aid",
            beta=f"{chosen['beta']:g}",
            step=steps()[k],
            before=number(chosen["reward"][0]),
            reward=number(chosen["reward"][k]),
            low=number(chosen["low"][k]),
            high=number(chosen["high"][k]),
            kl=number(chosen["kl"][k]),
            pairs=f"{math.floor(100 * chosen['pairs'][k] + 0.5)}%",  # as the list beside the plane rounds
        )
    ]
    if kind() == "never" and not any(max(one["high"]) for one in drawn):
        said.append(t(WORDS, "aid_never", word=paid_for(model(), "never")["word"], count=f"{texts_seen():,}"))
    elif kind() == "short" and chosen["kl"][k] > LOST:
        runs = [run_of(model(), kind(), chosen["beta"], seed) for seed in SEEDS]
        said.append(t(WORDS, "aid_short", tokens=f"{mean([run['tokens'][k] for run in runs]):.0f}"))
    elif chosen["pairs"][k] < 0.5 and k:
        said.append(t(WORDS, "aid_fooled" if kind() == "clicks" else "aid_hacked"))
    elif chosen["pairs"][k] >= 0.65 and chosen["reward"][k] > chosen["reward"][0] + 1 and chosen["beta"]:
        said.append(t(WORDS, "aid_held"))
    if kind() == "happy" and now.track == HELD_TRACK and k == LAST:
        said.append(t(WORDS, "aid_chosen", kl=f"{MOST_KL:g}", pairs=f"{100 * LEAST_PAIRS:g}%"))
    return html.escape(" ".join(said))


def caption() -> str:
    """The line under the plane: model, runs, texts, time."""
    kept = recorded()[model()]
    runs = [run_of(model(), kind(), beta, seed) for beta in betas() for seed in SEEDS]
    return t(
        WORDS,
        "caption",
        model=model(),
        revision=str(kept["revision"]).removeprefix("sha256:")[:10],
        date=kept["recorded"],
        seeds=", ".join(map(str, SEEDS)),
        texts=MEASURED,
        batch=BATCH,
        seconds=f"{sum(r['seconds'] for r in runs) / len(runs):.1f}",
    )


def _opening(name: str, beta: float) -> tuple[str, float]:
    """Return the beginning of a story that was written at the end, and what it was paid."""
    story = run_of(name, "happy", beta)["texts"][LAST][0][0]
    words = "".join(story["pieces"]).split()
    return " ".join(words[:14]) + " …", float(story["reward"])


def prediction() -> Prediction:
    """Asked before the plane is seen: which of the two was paid more?"""
    name = models_of("happy")[0]
    found = [_opening(name, beta) for beta in (betas_of(name, "happy")[HELD_TRACK], 0.0)]
    free = [run_of(name, "happy", 0.0, seed) for seed in SEEDS]
    return Prediction(
        t(WORDS, "predict"),
        [text for text, _ in found],
        max((0, 1), key=lambda i: found[i][1]),
        t(
            WORDS,
            "predict_why",
            held=number(found[0][1]),
            free=number(found[1][1]),
            mean=number(mean([run["reward"][LAST] for run in free])),
            kl=number(mean([run["kl"][LAST] for run in free])),
        ),
        {"reward_model": name, "reward_step": LAST, "reward_track": 0},
    )


# -- to take home --------------------------------------------------------------------------------------------------------


def track_rows() -> list[dict[str, Any]]:
    """Return every measurement of the runs in sight."""
    return [
        {
            "model": model(),
            "reward": kind(),
            "word": run["setting"]["word"],
            "beta": beta,
            "run_seed": seed,
            "step": step,
            **{name: run[name][k] for name in ("reward", "reward_error", "kl", "pairs", "old_loss", "tokens")},
        }
        for beta in betas()
        for seed in SEEDS
        for run in (run_of(model(), kind(), beta, seed),)
        for k, step in enumerate(run["steps"])
    ]  # fmt: skip


def tried_rows() -> list[dict[str, Any]]:
    """Return what the β that holds each model back was chosen from."""
    return [
        {
            "model": name,
            "beta": end.beta,
            "reward_above_untouched": end.gain,
            "kl": end.kl,
            "pairs": end.pairs,
            "fits": end.fits,
        }
        for name in models_of("happy")
        for end in tried(name)
    ]


def best_rows() -> list[dict[str, Any]]:
    """Return the best of n; its KL is a formula."""
    return [
        {"n": row["n"], "mean_reward": row["reward"], "kl_by_formula": row["kl"]}
        for row in paid_for(model(), kind())["best_of"]
    ]


def story_rows(now: RewardView) -> list[dict[str, Any]]:
    """Return every token of the stories in sight."""
    return [
        {
            "story": i + 1,
            "token": j + 1,
            "text": piece,
            "log_ratio": story["ratios"][j],
            "counts": story["marks"][j],
        }
        for i, story in enumerate(tracks()[now.track]["stories"][now.step])
        for j, piece in enumerate(story["pieces"])
    ]


def export(now: RewardView) -> Export:
    """Everything of the picture."""
    return Export(
        "alignment-reward",
        caption(),
        {"model": model(), "revision": recorded()[model()]["revision"], "reward": kind()},
        {
            "tracks": track_rows,
            "beta-tried": tried_rows,
            "best-of-n": best_rows,
            "stories": lambda: story_rows(now),
        },
        lambda: {
            "steps": steps(),
            "beginning": beginning(),
            "tracks": tracks(),
            "best_of": paid_for(model(), kind())["best_of"],
        },
    )


def notebook_of() -> Notebook | None:
    """The mean reward of the untouched model's texts: the same beginnings, the same seed; a judge has no such short lines."""
    from components.lm.alignment.reinforce import HELD_OUT, MEASURE_SEED, MEASURED_TOKENS

    if kind() == "clicks":
        return None
    kept = paid_for(model(), kind())
    pay = {
        "happy": "sum((w in happy) - (w in sad) for w in words)",
        "short": f"-abs(len(words) - {rewards.IDEAL}) / {rewards.IDEAL}",
    }.get(kind(), f"{rewards.WORD_PAY} * ({kept['word']!r} in words)")
    lists = f"happy = set({' '.join(sorted(rewards.HAPPY))!r}.split())\nsad = set({' '.join(sorted(rewards.SAD))!r}.split())\n"
    code = f"""{opening(checkpoints.card(model()), "AutoModelForCausalLM")}import re

tokenizer.padding_side, tokenizer.pad_token = "left", tokenizer.eos_token
beginnings = {list(HELD_OUT)!r}
{lists if kind() == "happy" else ""}rows = [tokenizer.bos_token + text for text in beginnings] * {MEASURED // len(HELD_OUT)}
given = tokenizer(rows, return_tensors="pt", padding=True)
torch.manual_seed({MEASURE_SEED})
texts = model.generate(**given, do_sample=True, top_k=0, max_new_tokens={MEASURED_TOKENS}, pad_token_id=tokenizer.eos_token_id)
paid = []
for ids in texts[:, given.input_ids.shape[1]:]:
    words = re.findall(r"[^\\W\\d_]+(?:'[^\\W\\d_]+)*", tokenizer.decode(ids, skip_special_tokens=True).casefold())
    paid.append({pay})
print("texts", len(paid))
print(f"mean reward {{sum(paid) / len(paid):.3f}}")
"""
    base = run_of(model(), kind(), 0.0)["reward"][0]
    return Notebook(code, (f"texts {MEASURED}", f"mean reward {base:.3f}"))


def how() -> str:
    """How it is made; Markdown."""
    rows = [
        f"| {name} | {end.beta:g} | {end.gain:+.2f} | {end.kl:.2f} | {100 * end.pairs:.0f}% | {t(WORDS, 'fits' if end.fits else 'fits_not')} |"
        for name in models_of("happy")
        for end in tried(name)
    ]
    heads = "".join(
        f"| {t(WORDS, f'col_{name}')} " for name in ("model", "beta", "gain", "kl", "pairs", "fits")
    )
    text = told(
        WORDS,
        "how_text",
        happy=", ".join(sorted(rewards.HAPPY)),
        sad=", ".join(sorted(rewards.SAD)),
        ideal=rewards.IDEAL,
        pay=f"{rewards.WORD_PAY:g}",
        batch=BATCH,
        texts=MEASURED,
        nano_steps=RECIPES["nano"][0],
        nano_rate=f"{RECIPES['nano'][1]:g}",
        pocket_steps=RECIPES["pocket"][0],
        pocket_rate=f"{RECIPES['pocket'][1]:g}",
        ladder=", ".join(f"{beta:g}" for beta in LADDER),
        low=f"{GAIN[0]:g}",
        high=f"{GAIN[1]:g}",
        kl=f"{MOST_KL:g}",
        pairs=f"{100 * LEAST_PAIRS:g}%",
        held=", ".join(f"{name} {betas_of(name, 'happy')[HELD_TRACK]:g}" for name in models_of("happy")),
    )
    return "\n".join([text, "", f"{heads}|", "|---|---|---|---|---|---|", *rows])


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (
            t(WORDS, "try_held", beta=f"{betas_of(MODELS[0], KINDS[0])[HELD_TRACK]:g}"),
            {"reward_track": HELD_TRACK},
        ),
        (t(WORDS, "try_middle"), {"reward_step": LAST // 2}),
        (t(WORDS, "try_never"), {"reward_kind": "never"}),
        (t(WORDS, "try_train"), {"reward_look": "train"}),
    ]
