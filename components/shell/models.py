"""Choosing a model: the list, what is refused and why, and the download of what is not here yet."""

import os
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from components.lm import checkpoints
from components.lm.checkpoints import TokenizerCard
from components.lm.checkpoints.model_card import (
    LOCAL_PREFIX,
    Capability,
    ModelCard,
    ModelRefused,
    Reason,
    parse_name,
)
from components.shell import links
from components.shell.held import held
from components.shell.layout import working
from components.shell.refusals import refusal, size
from components.words import t, told

Need = Capability | Literal["tokenizer"]
"""What a page needs a model for; ``tokenizer`` needs no model at all, only its tokenizer's files."""


def _names(require: Need, without: Capability | None = None) -> list[str]:
    """Return the names in the list: what is here, then what can be downloaded."""
    if require != "tokenizer":
        return [c.name for c in checkpoints.choices(require) if without not in c.capabilities]
    here = [card.name for card in checkpoints.tokenizer_cards()]
    allows = checkpoints.store().settings.allows
    offered = [offer.name for offer in checkpoints.OFFERED if allows(parse_name(offer.name))]
    return list(dict.fromkeys((*here, *offered)))


def _took(key: str, require: Need, on_change: Callable[[], None] | None) -> None:
    """Callback: a path typed by hand becomes a named local folder; a path never reaches the link."""
    typed = str(st.session_state[key] or "").strip()
    if typed and (typed.startswith(("~", ".")) or os.path.isabs(typed) or "\\" in typed):  # noqa: PTH117
        try:
            st.session_state[key] = checkpoints.add_local_folder(typed, tokenizer_only=require == "tokenizer")
        except ModelRefused as error:
            st.session_state["_model_refused"] = refusal(error)
            st.session_state[key] = LOCAL_PREFIX + "?"
    if on_change is not None:
        on_change()


def model_picker(
    require: Need,
    *,
    key: str = "model",
    label: str | None = None,
    without: Capability | None = None,
    on_change: Callable[[], None] | None = None,
) -> None:
    """Draw the list of models that can do ``require``; any other name can be typed.

    A page with several lists gives each a ``label`` of its own. Models that can do ``without`` are not listed, because
    the page has no use for them.

    The choice is ``st.session_state[key]``, a link parameter of the page.
    """
    names = _names(require, without)
    now = st.session_state.get(key)
    if now and now not in names:
        names.append(now)
    held().selectbox(
        label or t("models", "tokenizer" if require == "tokenizer" else "model"),
        names,
        key=key,
        accept_new_options=True,
        help=t("models", "help"),
        on_change=_took,
        args=(key, require, on_change),
    )


def model_in_use(require: Capability, *, default: str, key: str = "model") -> ModelCard:
    """Return the card of the model to use now: the chosen one, or ``default`` with a word about why not.

    A model that is not on this machine is offered for download; meanwhile the bundled one is shown.
    """
    name = st.session_state.get(key) or default
    try:
        return checkpoints.card(name, require)
    except ModelRefused as error:
        _refused(error, name, default)
    return checkpoints.card(default, require)


def tokenizer_in_use(*, default: str, key: str) -> TokenizerCard:
    """Return the tokenizer to use now, like :func:`model_in_use`; of a download only its files are fetched."""
    name = st.session_state.get(key) or default
    try:
        return checkpoints.tokenizer_card(name)
    except ModelRefused as error:
        _refused(error, name, default, tokenizer_only=True)
    return checkpoints.tokenizer_card(default)


def _refused(error: ModelRefused, name: str, default: str, *, tokenizer_only: bool = False) -> None:
    """Say why a name cannot be used, or offer to download what it names."""
    said = st.session_state.pop("_model_refused", None)
    if error.reason is Reason.NOT_DOWNLOADED:
        _offer(name, default, tokenizer_only)
    else:
        st.warning(f"{said or refusal(error)} {told('models', 'meanwhile', name=default)}")


@st.fragment(run_every=1.0)
def _running(name: str) -> None:
    from components.lm.checkpoints import hub

    download = hub.current_download(name)
    if download is None:
        return
    now = download.progress()
    if download.over:  # the page uses it now, or says why not
        links.run_again()
    done = told(
        "models", "progress", done=size(now.bytes_done), total=size(now.bytes_total), file=now.file or "…"
    )
    left = (
        "" if now.seconds_left is None else " · " + told("models", "left", seconds=f"{now.seconds_left:.0f}")
    )
    st.progress(min(1.0, now.fraction), text=done + left)
    if st.button(t("models", "stop"), key=f"stop-{name}"):
        download.stop()


def _offer(name: str, default: str, tokenizer_only: bool) -> None:
    """Say what a download would bring, on request; then fetch it with progress, stop and resume."""
    from components.lm.checkpoints import hub

    with st.container(border=True):
        st.markdown(
            told("models", "not_downloaded", name=name) + " " + told("models", "meanwhile", name=default)
        )
        download = hub.current_download(name)
        if download is not None and not download.over:
            _running(name)
            return
        failed = download.progress().refused if download is not None else None
        if failed is not None:
            st.error(refusal(failed))
        elif download is not None and download.progress().state == "stopped":
            st.caption(told("models", "stopped", done=size(download.progress().bytes_done)))
        kept = f"_remote-{'tokenizer-' * tokenizer_only}{name}"
        remote: Any = st.session_state.get(kept)
        if remote is None:
            if st.button(t("models", "describe"), key=f"describe-{name}"):
                try:
                    with working(t("models", "asking")):
                        st.session_state[kept] = hub.describe_remote(name, tokenizer_only=tokenizer_only)
                    links.run_again()
                except ModelRefused as error:
                    st.error(f"{refusal(error)} {told('models', 'meanwhile', name=default)}")
            return
        st.markdown(
            told(
                "models",
                "described_tokenizer" if tokenizer_only else "described",
                name=name,
                size=size(remote.bytes_total),
                parameters="" if tokenizer_only else f"{remote.card.num_parameters:,}",
                licence=remote.licence or t("models", "no_licence"),
                here=size(remote.bytes_here),
            )
        )
        if st.button(
            told("models", "download", size=size(remote.bytes_total - remote.bytes_here)),
            key=f"get-{name}",
            type="primary",
        ):
            hub.start_download(remote)
            links.run_again()
