"""Why a model cannot be used, or cannot read a text, in words."""

from components.lm.checkpoints.model_card import LOCAL_PREFIX, ModelRefused, Reason
from components.lm.gpt.kv_cache import GenerationError
from components.lm.reading import CannotRead
from components.words import t, told


def size(count: float) -> str:
    """Return bytes as a person says them: 548 MB, 7.0 MB, 12 kB."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            value = count / factor
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
    return f"{count:.0f} B"


def refusal(error: ModelRefused) -> str:
    """Return a sentence that says why a model cannot be used, and what to do; a folder of the reader's was not downloaded."""
    slots: dict[str, object] = {}
    for key, value in error.parameters.items():
        if key.endswith("bytes") or key.startswith("bytes"):
            slots[key] = size(float(value))  # type: ignore[arg-type]
        elif key == "needs":
            slots[key] = t("models", f"can_{value}")
        elif key == "capabilities":
            named = [t("models", f"can_{c}") for c in value]  # type: ignore[union-attr]
            slots[key] = ", ".join(named) or t("models", "can_nothing")
        else:
            slots[key] = ", ".join(map(str, value)) if isinstance(value, tuple) else value
    name = str(slots.get("name", ""))
    own = name.startswith(LOCAL_PREFIX) and error.reason in (Reason.INCOMPLETE, Reason.DAMAGED)
    slots["name"] = name.removeprefix(LOCAL_PREFIX)
    return told("models", f"{error.reason.value}_local" if own else error.reason.value, **slots)


def cannot_read(error: CannotRead) -> str:
    """Return a sentence that says why a model cannot read a text, and what to change."""
    slots: dict[str, object] = {
        key: f"{value:,}" if isinstance(value, int) and key != "token_id" else value
        for key, value in error.parameters.items()
    }
    return told("reading", error.reason.value, **slots)


def cannot_write(error: GenerationError) -> str:
    """Return a sentence that says why a causal model cannot go on, or cannot be looked into."""
    return t("generation_refused", error.reason)
