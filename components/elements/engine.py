"""The bundled models as files that the reader's browser runs (``assets/elements/lib/engine``).

A model's folder is served under a name that ends in a digest of its files, so that a browser may keep them for good and
a model whose weights changed has another address.
"""

import functools
import hashlib
from pathlib import Path
from typing import TypedDict

from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from components.elements.mount import PROJECT
from components.lm.checkpoints import ModelRefused, store

FILES = ("config.json", "tokenizer.json", "model.safetensors")
"""What the browser asks for."""
ARCHITECTURES = ("GPT2LMHeadModel", "BertForPreTraining")


@functools.lru_cache(maxsize=16)
def _digest(folder: Path, stamps: tuple[tuple[int, int], ...]) -> str:
    """Return the first 16 hexadecimal digits of the sha256 of the files; ``stamps`` change when they do."""
    found = hashlib.sha256()
    for name in FILES:
        found.update((folder / name).read_bytes())
    return found.hexdigest()[:16]


class ModelFiles(TypedDict):
    """Where the browser finds a model: ``folder``, beside the addresses of the elements and ending in "/", and the size of the
    weights in bytes."""

    folder: str
    bytes: int


def model_files(name: str) -> ModelFiles | None:
    """Serve the files of a bundled model and return what ``engine.js`` needs to open it; None for every other model.

    None also if the operator does not allow the model, or if the engine does not know its architecture.
    """
    try:
        model = store().parse_name(name)
        card = store().card(name)
    except ModelRefused:
        return None
    if model.source != "bundled" or card.architecture not in ARCHITECTURES:
        return None
    folder = store().folder(model)
    try:
        stats = [(folder / file).stat() for file in FILES]
    except FileNotFoundError:
        return None
    part = f"{model.key}-{_digest(folder, tuple((stat.st_mtime_ns, stat.st_size) for stat in stats))}"
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{PROJECT}.{part}") is None:
        manifest = ComponentManifest(PROJECT, "1", [ComponentConfig(part, folder.name)])
        manager.register_from_manifest(manifest, folder.parent)
    return {"folder": f"{PROJECT}.{part}/", "bytes": stats[-1].st_size}
