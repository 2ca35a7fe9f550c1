"""What a checkpoint is and what it can do, read from its files without importing torch or transformers.

A model folder in Hugging Face format holds ``config.json``, the weights in safetensors, and a tokenizer. The shapes
of a model are in the first two: ``config.json`` names the architecture, and a safetensors file starts with a small
JSON header listing every tensor with its type and shape (format: https://github.com/huggingface/safetensors). So the
number of parameters, and which prediction heads were saved, are known after reading a few kilobytes.

    >>> parse_name("gpt2").source, parse_name("local:my model").source
    ('hub', 'local')
    >>> parse_name("../secrets")
    Traceback (most recent call last):
    ...
    components.lm.checkpoints.model_card.ModelRefused: bad_name (name='../secrets')

Whatever cannot be used is refused with a :class:`ModelRefused`: a reason code and its parameters, no sentence. The
sentences, in two languages, belong to the shell.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Literal

Source = Literal["bundled", "local", "hub"]
Capability = Literal["attention", "generation", "masked_prediction", "next_sentence", "text_to_text"]

LOCAL_PREFIX = "local:"
# Names with these beginnings are ours, so a link cannot make them mean a model on a hub.
BUNDLED_PREFIXES = ("pocket-", "nano-")

# --- Refusals -------------------------------------------------------------------------------------------------------


class Reason(StrEnum):
    """Why a model was refused. The value is the code that the shell has words for."""

    BAD_NAME = "bad_name"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    NOT_DOWNLOADED = "not_downloaded"
    NO_MODEL_THERE = "no_model_there"
    NO_TOKENIZER_THERE = "no_tokenizer_there"
    NAME_TAKEN = "name_taken"
    INCOMPLETE = "incomplete"
    DAMAGED = "damaged"
    PICKLE_ONLY = "pickle_only"
    OWN_CODE = "own_code"
    UNSUPPORTED = "unsupported"
    CANNOT = "cannot"
    TOO_LARGE = "too_large"
    NO_MEMORY = "no_memory"
    NO_NETWORK = "no_network"
    OFFLINE_MODE = "offline_mode"
    TIMEOUT = "timeout"
    GATED = "gated"
    NOT_A_HUB = "not_a_hub"
    SERVER_ERROR = "server_error"
    INTERRUPTED = "interrupted"
    CHECKSUM = "checksum"
    DISK_FULL = "disk_full"
    CACHE_NOT_WRITABLE = "cache_not_writable"


REASON_PARAMETERS: Mapping[Reason, tuple[str, ...]] = {
    Reason.BAD_NAME: ("name",),
    Reason.NOT_ALLOWED: ("name", "allowed"),
    Reason.NOT_FOUND: ("name",),
    Reason.NOT_DOWNLOADED: ("name",),
    Reason.NO_MODEL_THERE: ("name",),
    Reason.NO_TOKENIZER_THERE: ("name",),
    Reason.NAME_TAKEN: ("name",),
    Reason.INCOMPLETE: ("name", "missing"),
    Reason.DAMAGED: ("name", "file"),
    Reason.PICKLE_ONLY: ("name", "files"),
    Reason.OWN_CODE: ("name", "file"),
    Reason.UNSUPPORTED: ("name", "architecture", "supported"),
    Reason.CANNOT: ("name", "architecture", "needs", "capabilities"),
    Reason.TOO_LARGE: ("name", "size_bytes", "limit_bytes"),
    Reason.NO_MEMORY: ("name", "needed_bytes"),
    Reason.NO_NETWORK: ("name", "endpoint"),
    Reason.OFFLINE_MODE: ("name", "variable"),
    Reason.TIMEOUT: ("name", "endpoint", "seconds"),
    Reason.GATED: ("name", "url"),
    Reason.NOT_A_HUB: ("name", "endpoint"),
    Reason.SERVER_ERROR: ("name", "endpoint", "status"),
    Reason.INTERRUPTED: ("name", "bytes_done", "bytes_total"),
    Reason.CHECKSUM: ("name", "file"),
    Reason.DISK_FULL: ("name", "needed_bytes", "free_bytes"),
    Reason.CACHE_NOT_WRITABLE: ("name", "folder"),
}

Parameter = str | int | float | tuple[str, ...]


class ModelRefused(Exception):
    """A model cannot be used: ``reason`` is the code, ``parameters`` what a sentence about it needs.

    Every reason always comes with exactly the parameters that :data:`REASON_PARAMETERS` lists for it. Sizes are in
    bytes, times in seconds.
    """

    def __init__(self, reason: Reason, **parameters: Parameter) -> None:
        expected = REASON_PARAMETERS[reason]
        if set(parameters) != set(expected):
            raise TypeError(f"{reason.value} takes {expected}, not {tuple(parameters)}")
        self.reason = reason
        self.parameters: Mapping[str, Parameter] = {key: parameters[key] for key in expected}
        shown = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        super().__init__(f"{reason.value} ({shown})")

    @property
    def name(self) -> str:
        """The model that was refused."""
        return str(self.parameters["name"])


# --- Names ----------------------------------------------------------------------------------------------------------

# The rules of the hub (huggingface_hub.utils.validate_repo_id), tightened to ASCII letters and one optional owner.
_HUB_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"(?:{_HUB_PART}/)?{_HUB_PART}")
_BUNDLED = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,32})*")
# A folder name people really use (letters of any script, spaces, brackets), and nothing a path is made of.
_FOLDER = re.compile(r"\w(?:[\w .()+\[\]-]{0,94}[\w)\]+-])?")
# Names that Windows treats as devices whatever their extension.
_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


@dataclass(frozen=True)
class ModelName:
    """A checked name: ``text`` is what links carry, ``source`` where it is looked for, ``key`` the name there."""

    text: str
    source: Source
    key: str


def parse_name(text: object, bundled: Iterable[str] = ()) -> ModelName:
    """Check a name from a link or a text box and say which source it means.

    ``pocket-gpt`` and ``nano-...`` and whatever is in ``bundled`` are the models in the repository, ``local:NAME`` is a
    local folder by its own name, everything else must be a Hugging Face model id (``gpt2``, ``klue/bert-base``). No
    name can hold a path: no separators beyond the one slash of a model id, no ``..``, no drive, no leading dot.

    Raises ``ModelRefused(BAD_NAME)`` otherwise; the refused text is cut to 100 characters.
    """
    if not isinstance(text, str):
        raise ModelRefused(Reason.BAD_NAME, name=repr(text)[:100])
    refused = ModelRefused(Reason.BAD_NAME, name=text[:100])
    if text.startswith(LOCAL_PREFIX):
        # macOS stores Hangul decomposed, browsers send it composed: one spelling for both.
        folder = unicodedata.normalize("NFC", text.removeprefix(LOCAL_PREFIX))
        if not _is_folder_name(folder):
            raise refused
        return ModelName(LOCAL_PREFIX + folder, "local", folder)
    if text in set(bundled) or text.startswith(BUNDLED_PREFIXES):
        if _BUNDLED.fullmatch(text) is None:
            raise refused
        return ModelName(text, "bundled", text)
    if len(text) > 96 or ".." in text or "--" in text or _HUB_ID.fullmatch(text) is None:
        raise refused
    if text.endswith((".git", ".ipynb")) or any(_DEVICES.fullmatch(part) for part in text.split("/")):
        raise refused
    return ModelName(text, "hub", text)


def _is_folder_name(text: str) -> bool:
    return _FOLDER.fullmatch(text) is not None and ".." not in text and _DEVICES.fullmatch(text) is None


# --- Cards ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelCard:
    """Everything a page may say about a checkpoint before loading it.

    ``revision`` is the commit hash for a hub model and ``sha256:<digest of the weights>`` for a folder.
    ``max_positions`` is the longest input in tokens, or ``None`` where the architecture sets no limit. ``family`` is the
    ``model_type`` of transformers. ``num_parameters`` counts tied matrices once and leaves out buffers.
    ``weights_bytes`` is the size on disk, ``memory_bytes`` what float32 parameters take in memory.
    ``languages`` and ``licence`` come from the model card (README.md) and may be empty.
    """

    name: str
    source: Source
    revision: str
    family: str
    architecture: str
    num_layers: int
    num_heads: int
    hidden_size: int
    vocab_size: int
    max_positions: int | None
    num_parameters: int
    weights_bytes: int
    languages: tuple[str, ...]
    licence: str
    capabilities: tuple[Capability, ...]

    @property
    def memory_bytes(self) -> int:
        """Bytes of the parameters in float32."""
        return 4 * self.num_parameters

    def can(self, capability: Capability) -> bool:
        """Whether pages that need ``capability`` can use the model."""
        return capability in self.capabilities

    def check(self, require: Capability | None) -> None:
        """Raise ``ModelRefused(CANNOT)`` if the model lacks ``require``."""
        if require is not None and require not in self.capabilities:
            raise ModelRefused(
                Reason.CANNOT,
                name=self.name,
                architecture=self.architecture,
                needs=require,
                capabilities=self.capabilities,
            )


@dataclass(frozen=True)
class Family:
    """How one architecture (``model_type``) says what it can do.

    ``masked_head`` and ``next_sentence_head`` are tensors that exist only when that head was saved. ``causal_heads``
    are the names of an output matrix of its own; ``tied`` is whether the family shares it with the embedding
    unless the configuration says otherwise (the default of its configuration class). ``text_to_text``: an encoder with
    a decoder that reads it; pages for one stack of layers cannot use it.
    """

    decoder: bool
    masked_head: str | None = None
    next_sentence_head: str | None = None
    causal_heads: tuple[str, ...] = ("lm_head.weight",)
    tied: bool = True
    text_to_text: bool = False


FAMILIES: Mapping[str, Family] = {
    "gpt2": Family(decoder=True),
    "gpt_neo": Family(decoder=True),
    "gptj": Family(decoder=True, tied=False),
    "gpt_neox": Family(decoder=True, causal_heads=("embed_out.weight", "lm_head.weight"), tied=False),
    "opt": Family(decoder=True),
    "bloom": Family(decoder=True),
    "llama": Family(decoder=True, tied=False),
    "mistral": Family(decoder=True, tied=False),
    "qwen2": Family(decoder=True, tied=False),
    "qwen3": Family(decoder=True, tied=False),
    "phi": Family(decoder=True, tied=False),
    "bert": Family(
        decoder=False,
        masked_head="cls.predictions.transform.dense.weight",
        next_sentence_head="cls.seq_relationship.weight",
    ),
    "roberta": Family(decoder=False, masked_head="lm_head.dense.weight"),
    "xlm-roberta": Family(decoder=False, masked_head="lm_head.dense.weight"),
    "camembert": Family(decoder=False, masked_head="lm_head.dense.weight"),
    "distilbert": Family(decoder=False, masked_head="vocab_transform.weight"),
    "electra": Family(decoder=False, masked_head="generator_predictions.dense.weight"),
    # ALBERT's sop_classifier predicts sentence order, which is another question than BERT's next sentence.
    "albert": Family(decoder=False, masked_head="predictions.dense.weight"),
    "marian": Family(decoder=True, text_to_text=True),
}

# One idea, many spellings: the names transformers' configuration classes use for the same number.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "num_layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"),
    "num_heads": ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"),
    "hidden_size": ("hidden_size", "n_embd", "dim", "d_model"),
    "vocab_size": ("vocab_size",),
    "max_positions": ("max_position_embeddings", "n_positions", "n_ctx"),
}
# Buffers that older files carry although they are no parameters: causal masks (4-dimensional "bias"), positions.
_BUFFER_SUFFIXES = ("position_ids", "token_type_ids", "masked_bias", "inv_freq", "final_logits_bias")
# Output matrices and biases that repeat a tensor saved under another name when the embedding is tied.
_TIED_COPIES: Mapping[str, tuple[str, ...]] = {
    "lm_head.weight": ("embed", "wte", "word_embeddings"),
    "embed_out.weight": ("embed_in",),
    "lm_head.decoder.weight": ("word_embeddings",),
    "cls.predictions.decoder.weight": ("word_embeddings",),
    "predictions.decoder.weight": ("word_embeddings",),
    "vocab_projector.weight": ("word_embeddings",),
    "generator_lm_head.weight": ("word_embeddings",),
}
_BIAS_COPIES: Mapping[str, str] = {
    "lm_head.decoder.bias": "lm_head.bias",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
    "predictions.decoder.bias": "predictions.bias",
}

WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_MAX_HEADER_BYTES = 50_000_000  # a header is some kilobytes; a larger length is a damaged or hostile file
_MAX_JSON_BYTES = 20_000_000

Tensors = Mapping[str, tuple[int, ...]]
"""Tensor name -> shape."""


def parse_safetensors_header(stream: BinaryIO) -> tuple[dict[str, tuple[int, ...]], int]:
    """Read tensor shapes from the beginning of a safetensors file.

    Returns the shapes and the number of bytes the whole file must have. Raises ``ValueError`` if these bytes are not
    a safetensors header.
    """
    prefix = stream.read(8)
    if len(prefix) != 8:
        raise ValueError("no header")
    (length,) = struct.unpack("<Q", prefix)
    if not 2 <= length <= _MAX_HEADER_BYTES:
        raise ValueError("header length out of range")
    raw = stream.read(length)
    if len(raw) != length:
        raise ValueError("header cut short")
    header = json.loads(raw)
    if not isinstance(header, dict):
        raise ValueError("header is not an object")
    shapes: dict[str, tuple[int, ...]] = {}
    data_bytes = 0
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        try:
            shapes[name] = tuple(int(size) for size in tensor["shape"])
            data_bytes = max(data_bytes, int(tensor["data_offsets"][1]))
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError("header entry without shape or offsets") from error
    return shapes, 8 + length + data_bytes


def count_parameters(tensors: Tensors, tied: bool) -> int:
    """Number of parameters: without buffers, and with tied or repeated tensors counted once."""
    total = 0
    for name, shape in tensors.items():
        if name.endswith(_BUFFER_SUFFIXES) or (name.endswith(".bias") and len(shape) == 4):
            continue
        if name in _BIAS_COPIES and _BIAS_COPIES[name] in tensors:
            continue
        embeddings = _TIED_COPIES.get(name, ()) if tied else ()
        if any(part in other for other in tensors if other != name for part in embeddings):
            continue
        total += math.prod(shape)
    return total


def check_code(name: str, config: Mapping[str, Any], tokenizer_config: Mapping[str, Any]) -> None:
    """Refuse models whose architecture or tokenizer is code in the model's own repository."""
    for file, settings in (("config.json", config), ("tokenizer_config.json", tokenizer_config)):
        if settings.get("auto_map") or settings.get("custom_pipelines"):
            raise ModelRefused(Reason.OWN_CODE, name=name, file=file)


def build_card(
    *,
    name: str,
    source: Source,
    revision: str,
    config: Mapping[str, Any],
    tensors: Tensors,
    weights_bytes: int,
    languages: tuple[str, ...] = (),
    licence: str = "",
) -> ModelCard:
    """Turn a configuration and the tensors' shapes into a card.

    Raises ``ModelRefused``: ``UNSUPPORTED`` for an architecture that no page can use, ``DAMAGED`` if the
    configuration lacks a number that defines the model.
    """
    family_name = str(config.get("model_type", ""))
    architectures = [str(item) for item in config.get("architectures") or ()]
    architecture = architectures[0] if architectures else family_name or "?"
    family = FAMILIES.get(family_name)
    unusable = family is None or (not family.decoder and (config.get("is_decoder") or _cross_attends(config)))
    if family is None or unusable or config.get("quantization_config"):
        raise ModelRefused(
            Reason.UNSUPPORTED, name=name, architecture=architecture, supported=tuple(sorted(FAMILIES))
        )
    sizes = {key: _first_int(config, spellings) for key, spellings in _KEYS.items()}
    if any(sizes[key] is None for key in ("num_layers", "num_heads", "hidden_size", "vocab_size")):
        raise ModelRefused(Reason.DAMAGED, name=name, file="config.json")
    max_positions = sizes["max_positions"]
    if family_name in ("roberta", "xlm-roberta", "camembert") and max_positions is not None:
        # Fairseq's numbering: positions start after the padding id, so two of the 514 rows are never used.
        max_positions -= int(config.get("pad_token_id", 1) or 0) + 1
    tied = bool(config.get("tie_word_embeddings", family.tied))
    return ModelCard(
        name=name,
        source=source,
        revision=revision,
        family=family_name,
        architecture=architecture,
        num_layers=sizes["num_layers"] or 0,
        num_heads=sizes["num_heads"] or 0,
        hidden_size=sizes["hidden_size"] or 0,
        vocab_size=sizes["vocab_size"] or 0,
        max_positions=max_positions,
        num_parameters=count_parameters(tensors, tied),
        weights_bytes=weights_bytes,
        languages=languages,
        licence=licence,
        capabilities=_capabilities(family, architectures, tensors, tied),
    )


def _cross_attends(config: Mapping[str, Any]) -> bool:
    return bool(config.get("add_cross_attention") or config.get("is_encoder_decoder"))


def _first_int(config: Mapping[str, Any], spellings: tuple[str, ...]) -> int | None:
    for key in spellings:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _capabilities(
    family: Family, architectures: Iterable[str], tensors: Tensors, tied: bool
) -> tuple[Capability, ...]:
    if family.text_to_text:
        return ("text_to_text",)
    found: list[Capability] = ["attention"]
    if family.decoder:
        # A classifier built on a decoder has lost its output matrix, or never trained it further.
        other_task = any("For" in item and not item.endswith("ForCausalLM") for item in architectures)
        if not other_task and (tied or any(head in tensors for head in family.causal_heads)):
            found.append("generation")
    if family.masked_head in tensors:
        found.append("masked_prediction")
    if family.next_sentence_head in tensors:
        found.append("next_sentence")
    return tuple(found)


# --- Folders --------------------------------------------------------------------------------------------------------


def weight_files(folder: Path) -> tuple[str, ...]:
    """Names of the safetensors files of a model folder: one file, or the shards its index lists.

    Empty if there are none or if a shard is missing. Raises ``ValueError`` for an index that is not one.
    """
    if (folder / WEIGHTS).is_file():
        return (WEIGHTS,)
    index = folder / WEIGHTS_INDEX
    if not index.is_file():
        return ()
    shards = parse_weights_index(index.read_bytes())
    return shards if all((folder / shard).is_file() for shard in shards) else ()


def parse_weights_index(raw: bytes) -> tuple[str, ...]:
    """File names in a ``model.safetensors.index.json``. Raises ``ValueError`` if it lists anything but shards."""
    data = json.loads(raw)
    mapping = data.get("weight_map") if isinstance(data, dict) else None
    if not isinstance(mapping, dict) or not mapping:
        raise ValueError("no weight_map")
    shards = tuple(sorted({str(item) for item in mapping.values()}))
    if not all(SHARD.fullmatch(shard) for shard in shards):
        raise ValueError("unexpected file name in the index")
    return shards


def is_complete(folder: Path) -> bool:
    """Whether a folder holds configuration, safetensors weights and a tokenizer."""
    try:
        weights = weight_files(folder)
    except (ValueError, OSError):
        return False
    has_tokenizer = any((folder / file).is_file() for file in TOKENIZER_FILES)
    return bool(weights) and has_tokenizer and (folder / "config.json").is_file()


def read_card(folder: Path, name: ModelName, revision: str | None = None) -> ModelCard:
    """Read the card of a model folder. Without ``revision`` the digest of the weights is taken.

    Cards are kept until a file of the folder changes, so asking again is cheap. What is bundled changes with the program: there
    only files that come or go are noticed. Raises ``ModelRefused``: ``NOT_FOUND``, ``INCOMPLETE``, ``PICKLE_ONLY``, ``OWN_CODE``,
    ``UNSUPPORTED`` or ``DAMAGED``.
    """
    try:
        files = folder.stat().st_mtime_ns if name.source == "bundled" else _signature(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelRefused(Reason.NOT_FOUND, name=name.text) from None
    signature = (name, revision, files)
    with _CARDS_LOCK:
        known = _CARDS.get(folder)
    if known is not None and known[0] == signature:
        return known[1]
    card = _read_card(folder, name, revision)
    with _CARDS_LOCK:
        _CARDS[folder] = (signature, card)
    return card


_CARDS: dict[Path, tuple[object, ModelCard]] = {}
_CARDS_LOCK = threading.Lock()


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of change of every file that a card is read from; each is looked at once, the lists ask often."""
    with os.scandir(folder) as entries:
        files = [
            item
            for item in entries
            if item.name.endswith((".json", ".safetensors", ".md")) and item.is_file()
        ]
        stats = [(item.name, item.stat()) for item in files]
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats))


def _read_card(folder: Path, name: ModelName, revision: str | None) -> ModelCard:
    if not (folder / "config.json").is_file():
        raise ModelRefused(Reason.INCOMPLETE, name=name.text, missing="config.json")
    config = read_json(folder, "config.json", name.text)
    tokenizer_config = read_json(folder, "tokenizer_config.json", name.text)
    check_code(name.text, config, tokenizer_config)
    try:
        files = weight_files(folder)
    except (ValueError, OSError) as error:
        raise ModelRefused(Reason.DAMAGED, name=name.text, file=WEIGHTS_INDEX) from error
    if not files:
        pickles = tuple(sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES))
        if pickles:
            raise ModelRefused(Reason.PICKLE_ONLY, name=name.text, files=pickles)
        raise ModelRefused(Reason.INCOMPLETE, name=name.text, missing=WEIGHTS)
    if not any((folder / file).is_file() for file in TOKENIZER_FILES):
        raise ModelRefused(Reason.INCOMPLETE, name=name.text, missing="tokenizer.json")
    tensors: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            with (folder / file).open("rb") as stream:
                shapes, expected_bytes = parse_safetensors_header(stream)
        except (ValueError, OSError) as error:
            raise ModelRefused(Reason.DAMAGED, name=name.text, file=file) from error
        if (folder / file).stat().st_size != expected_bytes:
            raise ModelRefused(Reason.DAMAGED, name=name.text, file=file)
        tensors.update(shapes)
    languages, licence = _read_readme(folder / "README.md")
    return build_card(
        name=name.text,
        source=name.source,
        revision=revision or _digest(folder, files),
        config=config,
        tensors=tensors,
        weights_bytes=sum((folder / file).stat().st_size for file in files),
        languages=languages,
        licence=licence,
    )


def read_json(folder: Path, file: str, name: str) -> dict[str, Any]:
    """An object from a JSON file, empty if there is no such file. Raises ``ModelRefused(DAMAGED)``."""
    path = folder / file
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError("too long for a settings file")
        data = json.loads(path.read_bytes())
    except (ValueError, OSError, RecursionError) as error:
        raise ModelRefused(Reason.DAMAGED, name=name, file=file) from error
    if not isinstance(data, dict):
        raise ModelRefused(Reason.DAMAGED, name=name, file=file)
    return data


def _digest(folder: Path, files: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with (folder / file).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _read_readme(path: Path) -> tuple[tuple[str, ...], str]:
    """Languages and licence from the metadata at the top of a README.md; empty where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(20_000)
    except OSError:
        return (), ""
    return parse_front_matter(text)


def parse_front_matter(text: str) -> tuple[tuple[str, ...], str]:
    r"""Languages and licence from a model card's YAML block.

    >>> parse_front_matter("---\nlanguage:\n- en\n- ko\nlicense: mit\n---\n# A model")
    (('en', 'ko'), 'mit')
    """
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return (), ""
    found: dict[str, list[str]] = {}
    key = ""
    for line in lines[1:]:
        if line.strip() == "---":
            break
        if line.lstrip().startswith("- "):
            if key:
                found[key].append(line.lstrip()[2:])
        elif line[:1] not in (" ", "\t", "#") and ":" in line:
            key, _, value = line.partition(":")
            key = key.strip()
            value = value.strip()
            found[key] = value[1:-1].split(",") if value.startswith("[") else [value] if value else []
    clean = {name: [item.strip(" \t'\"") for item in items] for name, items in found.items()}
    languages = tuple(item for item in clean.get("language", []) if item)
    licences = [item for item in (*clean.get("license_name", []), *clean.get("license", [])) if item]
    return languages, licences[0] if licences else ""
