"""Loading of models: the one store that all sessions share, and the warm-up."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel, ModelCard


FIRST_MODEL = "pocket-gpt"


_MADE_HERE: "dict[str, Callable[[], LoadedModel]]" = {}


def made_here(name: str, make: "Callable[[], LoadedModel]") -> None:
    """Give a name to a model that a page makes of another one; ``load_model`` then knows it, no link does."""
    _MADE_HERE[name] = make


def load_model(name: str, require: str | None = None) -> "LoadedModel":
    """Return a model of the one store that all sessions share (it has its own memory budget).

    Raises:
        ModelRefused: with a reason code that ``shell.refusals`` words.

    Not behind a cache decorator: the store would then never let go of a model.
    """
    from components.lm import checkpoints

    if name in _MADE_HERE:
        return _MADE_HERE[name]()
    return checkpoints.load(name, require)  # type: ignore[arg-type]


def mask_name(card: "ModelCard") -> str:
    """Return what a model calls its mask token; that of the bundled ones needs no torch."""
    if card.source == "bundled":
        return "[MASK]"
    return str(load_model(card.name).tokenizer.mask_token or "[MASK]")


def warm_models() -> None:
    """Load torch and the model of the first page, so that the first click is as fast as the second."""
    from components.lm.gpt.generation import next_token
    from components.lm.reading import read

    loaded = load_model(FIRST_MODEL, "generation")
    next_token(loaded.model, read(loaded, "Once upon a time").input_ids.tolist())
