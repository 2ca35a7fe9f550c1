"""Where models come from: the repository, a local folder, or the cache of a Hugging Face hub.

Pages name a model and say what they need; they get one shared copy in memory, or a reason why not.

    from components.lm import checkpoints

    loaded = checkpoints.load("pocket-gpt", require="generation")
    output = loaded.forward(input_ids=ids, output_attentions=True)

Asking for a card (:func:`card`), for the list (:func:`choices`) or for a download (``components.lm.checkpoints.hub``) imports
neither torch nor transformers; :func:`load` does. Models are loaded in float32, in evaluation mode, with eager
attention (the default attention of transformers returns no weights), from safetensors only, and never with code from
the model's own folder. Do not cache what :func:`load` returns for longer than one run of a page: the store keeps the
most recently used models within a memory budget, and a reference held elsewhere keeps an evicted model alive.

Settings, read when the store is made:

======================== ============================================================================================
GLASSBOX_MODELS          What may be used: a comma list of ``bundled``, ``local``, ``hub`` and single names. Unset:
                         everything. ``bundled`` is right for a public server.
GLASSBOX_LOCAL_MODELS    Local model folders (or folders of a tokenizer alone), or folders of such folders, separated
                         like PATH.
GLASSBOX_MODEL_MEMORY    Budget for loaded models (default ``3GB``). The model used last always stays.
GLASSBOX_MAX_MODEL_BYTES Largest weights that may be downloaded or loaded (default ``2GB``).
GLASSBOX_TORCH_THREADS   Threads of torch for the whole process (default 1: with several readers at once, more are slower).
HF_HOME, HF_HUB_CACHE    Where Hugging Face tools keep downloaded models.
======================== ============================================================================================
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from components.lm.checkpoints.model_card import (
    LOCAL_PREFIX,
    Capability,
    ModelCard,
    ModelName,
    ModelRefused,
    Reason,
    Source,
    build_card,
    is_complete,
    parse_name,
    read_card,
)
from components.lm.checkpoints.tokenizer_folder import FILES, has_tokenizer, tokenizer_digest

if TYPE_CHECKING:
    from types import ModuleType

    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from transformers.utils import ModelOutput

__all__ = [
    "OFFERED",
    "Capability",
    "Checkpoints",
    "Choice",
    "LoadedModel",
    "ModelCard",
    "ModelRefused",
    "Offer",
    "Reason",
    "Settings",
    "TokenizerCard",
    "add_local_folder",
    "cache_folder",
    "cached_folder",
    "card",
    "choices",
    "import_torch",
    "in_memory",
    "load",
    "load_tokenizer",
    "load_unlisted",
    "store",
    "tokenizer_card",
    "tokenizer_cards",
    "unlisted_card",
    "without_weights",
]

BUNDLED_FOLDER = Path(__file__).resolve().parents[3] / "assets" / "models"

# --- Settings -------------------------------------------------------------------------------------------------------

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_bytes(text: str) -> int:
    """A size written by a person.

    >>> parse_bytes("2GB"), parse_bytes("1.5 GiB"), parse_bytes("4096")
    (2000000000, 1610612736, 4096)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"not a size: {text!r} (write 2GB, 500MB or a number of bytes)")
    return int(float(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class Settings:
    """What the operator decided. ``allowed`` is ``None`` for everything; sizes are in bytes."""

    allowed: tuple[str, ...] | None = None
    local_folders: tuple[Path, ...] = ()
    memory_budget: int = 3 * 10**9
    max_model_bytes: int = 2 * 10**9

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables. Raises ``ValueError`` naming a variable that is wrong."""
        env = os.environ if env is None else env
        sizes: dict[str, int] = {}
        for field, variable in (
            ("memory_budget", "GLASSBOX_MODEL_MEMORY"),
            ("max_model_bytes", "GLASSBOX_MAX_MODEL_BYTES"),
        ):
            if text := env.get(variable, "").strip():
                try:
                    sizes[field] = parse_bytes(text)
                except ValueError as error:
                    raise ValueError(f"{variable}: {error}") from None
        listed = tuple(item.strip() for item in env.get("GLASSBOX_MODELS", "").split(",") if item.strip())
        folders = env.get("GLASSBOX_LOCAL_MODELS", "").split(os.pathsep)
        return cls(
            allowed=listed or None,
            local_folders=tuple(Path(item).expanduser() for item in folders if item.strip()),
            **sizes,
        )

    def allows(self, name: ModelName) -> bool:
        """Whether the operator lets readers use this model."""
        return self.allowed is None or name.source in self.allowed or name.text in self.allowed

    def check_allowed(self, name: ModelName) -> None:
        """Raise ``ModelRefused(NOT_ALLOWED)`` unless the operator allows the model."""
        if not self.allows(name):
            raise ModelRefused(Reason.NOT_ALLOWED, name=name.text, allowed=self.allowed or ())

    def check_size(self, name: str, size_bytes: int) -> None:
        """Raise ``ModelRefused(TOO_LARGE)`` for weights above the limit."""
        if size_bytes > self.max_model_bytes:
            raise ModelRefused(
                Reason.TOO_LARGE, name=name, size_bytes=size_bytes, limit_bytes=self.max_model_bytes
            )


# --- Models offered by name -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A hub model offered by name, with what its page on the hub says about it.

    The licence and the languages are shown before anything is asked of a network; ``describe_remote`` reads
    the current ones. ``canonical`` is the id that the hub redirects ``name`` to; a cache may hold either.
    """

    name: str
    canonical: str
    capabilities: tuple[Capability, ...]
    languages: tuple[str, ...]
    licence: str


_BERT: tuple[Capability, ...] = ("attention", "masked_prediction", "next_sentence")
_GPT: tuple[Capability, ...] = ("attention", "generation")
OFFERED: tuple[Offer, ...] = (
    Offer("bert-base-uncased", "google-bert/bert-base-uncased", _BERT, ("en",), "apache-2.0"),
    Offer(
        "bert-base-multilingual-cased",
        "google-bert/bert-base-multilingual-cased",
        _BERT,
        ("multilingual",),
        "apache-2.0",
    ),
    Offer("klue/bert-base", "klue/bert-base", _BERT, ("ko",), "cc-by-sa-4.0"),
    Offer("gpt2", "openai-community/gpt2", _GPT, ("en",), "mit"),
    Offer("distilgpt2", "distilbert/distilgpt2", _GPT, ("en",), "apache-2.0"),
    # A Korean GPT-2 small with safetensors and a permissive licence. The better known skt/kogpt2-base-v2 is
    # CC BY-NC-SA and skt/ko-gpt-trinity-1.2B-v0.5 too, and the second has 4.7 GB.
    Offer("mykor/gpt2-ko", "mykor/gpt2-ko", _GPT, ("ko",), "mit"),
)
_CANONICAL = {offer.name: offer.canonical for offer in OFFERED}

# --- The cache of Hugging Face tools --------------------------------------------------------------------------------

_COMMIT = re.compile(r"[0-9a-f]{40}")


def cache_folder() -> Path:
    """The folder where Hugging Face tools keep models now, by the rules of ``huggingface_hub.constants``.

    Read at each call, because huggingface_hub reads the environment only once, when it is imported.
    """
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := os.environ.get(variable):
            return Path(os.path.expandvars(value)).expanduser()
    home = os.environ.get("HF_HOME") or os.path.join(  # noqa: PTH118 - variables in it are expanded below
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"
    )
    return Path(os.path.expandvars(home)).expanduser() / "hub"


def repo_folder(cache: Path, model_id: str) -> Path:
    """The folder of one model in a cache: ``klue/bert-base`` is in ``models--klue--bert-base``."""
    return cache / ("models--" + model_id.replace("/", "--"))


def cached_folder(
    model_id: str, cache: Path | None = None, holds: Callable[[Path], bool] = is_complete
) -> Path | None:
    """The newest snapshot of a hub model in the cache that ``holds`` what is needed, or ``None`` if there is none.

    By default the whole model. The name of the folder is the commit hash. Models that other programs downloaded are
    found as well.
    """
    cache = cache or cache_folder()
    for name in dict.fromkeys((model_id, _CANONICAL.get(model_id, model_id))):
        folder = repo_folder(cache, name)
        commits: list[str] = []
        with contextlib.suppress(OSError, ValueError):
            commits.append((folder / "refs" / "main").read_text(encoding="ascii").strip())
        try:
            snapshots = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
        except OSError:
            continue
        commits.extend(path.name for path in sorted(snapshots, key=lambda path: -path.stat().st_mtime_ns))
        for commit in commits:
            snapshot = folder / "snapshots" / commit
            if _COMMIT.fullmatch(commit) and holds(snapshot):
                return snapshot
    return None


# --- Loading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model ready for use: a transformers model, its tokenizer and its card.

    Every session shares the same object, so nobody changes it: no ``train()``, no truncation or padding set on the
    tokenizer (cut token ids yourself), no hooks left behind. :meth:`forward` may be called from many threads.
    ``memory_bytes`` is what parameters and buffers take.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    card: ModelCard
    memory_bytes: int

    def forward(self, **inputs: object) -> ModelOutput:
        """Run the model without recording gradients and return its output as transformers gives it.

        ``input_ids`` and friends are (batch, seq) tensors. With ``output_attentions=True`` the output has
        ``attentions``: one (batch, head, query, key) tensor per layer.
        """
        # Grad mode belongs to a thread, and every page run is a new thread: it must be set inside each call.
        with import_torch().inference_mode():
            return self.model(**inputs)

    def masked_logits(self, output: ModelOutput) -> torch.Tensor:
        """The logits for every position, (batch, seq, vocab), from an output of a model that predicts masked tokens."""
        self.card.check("masked_prediction")
        # With both pre-training heads (BertForPreTraining) the output calls them prediction_logits.
        logits: torch.Tensor = (
            output["prediction_logits"] if "prediction_logits" in output else output["logits"]
        )
        return logits

    def next_sentence_logits(self, output: ModelOutput) -> torch.Tensor:
        """The logits of [is next, is not next], (batch, 2), from an output of a model with that head."""
        self.card.check("next_sentence")
        key = "seq_relationship_logits" if "seq_relationship_logits" in output else "logits"
        logits: torch.Tensor = output[key]
        return logits


_IMPORT_LOCK = threading.RLock()
_threads_set = False


def import_torch() -> ModuleType:
    """Import torch, once and for all threads, with the number of threads this process may use.

    The first call takes seconds. Imports of torch and transformers from several threads at once can fail halfway,
    so this and the import of transformers go through one lock.
    """
    global _threads_set
    if not _threads_set:
        with _IMPORT_LOCK:
            import torch

            if not _threads_set:
                torch.set_num_threads(max(1, int(os.environ.get("GLASSBOX_TORCH_THREADS") or 1)))
                _threads_set = True
    import torch

    return torch


def import_transformers() -> ModuleType:
    """Import transformers under the lock of :func:`import_torch`, with the names that it loads at their first use."""
    import_torch()
    with _IMPORT_LOCK:
        import transformers
        from transformers import (  # noqa: F401 - the names are loaded lazily; touch them under the lock
            AutoModel,
            AutoModelForCausalLM,
            AutoModelForMaskedLM,
            AutoModelForNextSentencePrediction,
            AutoModelForSeq2SeqLM,
            AutoTokenizer,
            BertForPreTraining,
            DynamicCache,
            GPT2Model,
        )

        transformers.utils.logging.disable_progress_bar()
    found: ModuleType = transformers
    return found


# transformers changes process-wide state while it builds a model (initialisation functions of torch are replaced for
# the time, the default dtype is set): one model is built at a time. Models in use are not affected.
_BUILD_LOCK = threading.Lock()


def _load_folder(
    folder: Path, card: ModelCard, architecture: str = "", tokenizer_folder: Path | None = None
) -> LoadedModel:
    transformers = import_transformers()
    torch = import_torch()
    model_class = getattr(transformers, architecture) if architecture else _model_class(transformers, card)
    try:
        with _BUILD_LOCK:
            model, info = model_class.from_pretrained(
                str(folder),
                attn_implementation="eager",
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
            tokenizer = _built(transformers.AutoTokenizer, tokenizer_folder or folder)
    except MemoryError as error:
        raise ModelRefused(Reason.NO_MEMORY, name=card.name, needed_bytes=card.memory_bytes) from error
    except Exception as error:
        # torch says that memory is used up with a RuntimeError; everything else is a file that is not what it claims.
        if isinstance(error, RuntimeError) and "allocate memory" in str(error):
            raise ModelRefused(Reason.NO_MEMORY, name=card.name, needed_bytes=card.memory_bytes) from error
        raise ModelRefused(
            Reason.DAMAGED, name=card.name, file=str(getattr(error, "filename", "") or "*")
        ) from error
    _check_weights(model, info, card)
    model.eval()
    model.requires_grad_(False)
    tensors = (*model.parameters(), *model.buffers())
    loaded = LoadedModel(model, tokenizer, card, sum(item.numel() * item.element_size() for item in tensors))
    _check_attentions(loaded)
    return loaded


def _built(kind: Any, folder: Path, **settings: Any) -> Any:
    tokenizer = kind.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True, **settings)
    if getattr(tokenizer, "is_fast", False):
        # A stored truncation or padding would be switched off by the first caller, while others are encoding.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def load_tokenizer(folder: Path, kind: str = "AutoTokenizer", **settings: object) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder as transformers builds it, with every setting of the folder: what :func:`load` gives
    beside the model. Imports torch and transformers.

    Args:
        kind: the class of transformers; by default the one that the folder names.
        settings: what the folder leaves open.

    Raises:
        Exception: whatever transformers raises for a folder that is not what it should be.
    """
    transformers = import_transformers()
    with _BUILD_LOCK:
        return _built(getattr(transformers, kind), folder, **settings)


def without_weights(model_type: str, **settings: object) -> PreTrainedModel:
    """An architecture of transformers whose tensors have shapes and no memory (torch's meta device).

    Imports and builds under the locks of this module, as everything here does.

    Args:
        model_type: as ``config.json`` names it, ``albert`` for example.
        settings: of its configuration.
    """
    transformers = import_transformers()
    torch = import_torch()
    with _IMPORT_LOCK, _BUILD_LOCK, torch.device("meta"):
        config = transformers.AutoConfig.for_model(model_type, **settings)
        return transformers.AutoModel.from_config(config)


def unlisted_card(path: str, snapshot_of: str = "") -> ModelCard:
    """The card of a model below ``assets/models`` that no list offers: only its own page knows what to ask of it.

    Imports no torch. Raises what :meth:`Checkpoints.card` raises.

    Args:
        path: its folder below ``assets/models``.
        snapshot_of: the folder of the model whose snapshot it is; the tokenizer and everything but the weights are that one's.
    """
    folder = BUNDLED_FOLDER / path
    if snapshot_of:
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        return replace(unlisted_card(snapshot_of), name=folder.name, revision=f"sha256:{digest}")
    return read_card(folder, ModelName(folder.name, "bundled", folder.name))


@lru_cache(maxsize=8)
def load_unlisted(path: str, architecture: str, snapshot_of: str = "") -> LoadedModel:
    """Such a model, loaded once and kept: they have a megabyte or two.

    Args:
        path: as :func:`unlisted_card` takes it.
        architecture: the class of transformers with the heads its page asks.
        snapshot_of: as :func:`unlisted_card` takes it.
    """
    tokenizer = BUNDLED_FOLDER / (snapshot_of or path)
    return _load_folder(BUNDLED_FOLDER / path, unlisted_card(path, snapshot_of), architecture, tokenizer)


def in_memory(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str = "local:in memory"
) -> LoadedModel:
    """A model that was not read from a folder, as everything here takes models.

    Raises:
        ModelRefused: no page can use its architecture.
    """
    tensors = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    config = {**model.config.to_dict(), "architectures": [type(model).__name__]}
    size = sum(item.numel() * item.element_size() for item in (*model.parameters(), *model.buffers()))
    card = build_card(
        name=name, source="local", revision="", config=config, tensors=tensors, weights_bytes=size
    )
    return LoadedModel(model, tokenizer, card, size)


def _model_class(transformers: ModuleType, card: ModelCard) -> Any:
    if card.can("text_to_text"):
        return transformers.AutoModelForSeq2SeqLM
    if card.can("generation"):
        return transformers.AutoModelForCausalLM
    if card.can("masked_prediction") and card.can("next_sentence"):
        return transformers.BertForPreTraining
    if card.can("masked_prediction"):
        return transformers.AutoModelForMaskedLM
    if card.can("next_sentence"):
        return transformers.AutoModelForNextSentencePrediction
    return transformers.AutoModel


def _check_weights(model: PreTrainedModel, info: Mapping[str, Any], card: ModelCard) -> None:
    """Refuse a model with parameters that the file did not contain: they would be random numbers."""
    missing = set(info.get("missing_keys", ()))
    mismatched = info.get("mismatched_keys", ())
    if card.capabilities == ("attention",):
        # The pooler comes after the last layer; without its weights the encoder's attention is complete all the same.
        missing = {key for key in missing if not key.startswith("pooler.")}
        if len(missing) < len(info.get("missing_keys", ())):
            model.pooler = None
    if missing or mismatched:
        raise ModelRefused(
            Reason.DAMAGED, name=card.name, file=", ".join(sorted(map(str, missing or mismatched))[:3])
        )


def _check_attentions(loaded: LoadedModel) -> None:
    """Run two tokens through the model: the attention weights must be there, with the shape the card says.

    This first call also lets transformers install its recording hooks before several threads use the model.
    """
    card = loaded.card
    two = import_torch().ones((1, 2), dtype=import_torch().long)
    needs: Capability = "text_to_text" if card.can("text_to_text") else "attention"
    given = {"decoder_input_ids": two} if needs == "text_to_text" else {}
    output = loaded.forward(
        input_ids=two, attention_mask=two, **given, output_attentions=True, output_hidden_states=True
    )
    attentions = output.encoder_attentions if needs == "text_to_text" else output.attentions
    shapes = [tuple(layer.shape) for layer in attentions or ()]
    if shapes != [(1, card.num_heads, 2, 2)] * card.num_layers:
        raise ModelRefused(
            Reason.CANNOT,
            name=card.name,
            architecture=card.architecture,
            needs=needs,
            capabilities=tuple(item for item in card.capabilities if item != needs),
        )


# --- The store ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One entry of a list of models: ready to load, or offered for download."""

    name: str
    source: Source
    state: Literal["ready", "download"]
    capabilities: tuple[Capability, ...]
    languages: tuple[str, ...]
    licence: str


@dataclass(frozen=True)
class TokenizerCard:
    """A tokenizer on this machine, with or without the model it belongs to.

    ``revision`` is the commit hash for a hub model and ``sha256:<digest of the tokenizer's files>`` for a folder.
    """

    name: str
    source: Source
    revision: str


class Checkpoints:
    """All models this process knows and holds. One per process (see :func:`store`); tests make their own."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        bundled_folder: Path = BUNDLED_FOLDER,
        cache: Path | None = None,
    ) -> None:
        self.settings = settings or Settings.from_env()
        self._bundled_folder = bundled_folder
        self._cache = cache
        self._mutex = threading.Lock()  # guards the fields below; never held while reading or loading a model
        self._added: dict[str, Path] = {}
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        # When the folder of bundled models changed last, and what was in it.
        self._bundled: tuple[int, tuple[str, ...]] | None = None

    # Names

    def parse_name(self, text: object) -> ModelName:
        """Check a name and the operator's list. Raises ``ModelRefused``: ``BAD_NAME`` or ``NOT_ALLOWED``."""
        name = parse_name(text, self.bundled_names())
        self.settings.check_allowed(name)
        return name

    def bundled_names(self) -> tuple[str, ...]:
        """Names of the models in the repository, the ``pocket-`` models first.

        Every name that is checked asks for them: they are looked up again only when a folder came or went.
        """
        try:
            changed = self._bundled_folder.stat().st_mtime_ns
        except OSError:
            return ()
        known = self._bundled
        if known is None or known[0] != changed:
            found = [path.name for path in self._bundled_folder.iterdir() if (path / "config.json").is_file()]
            ordered = sorted(found, key=lambda name: (not name.startswith("pocket-"), name))
            self._bundled = known = (changed, tuple(ordered))
        return known[1]

    def local_names(self) -> tuple[str, ...]:
        """Names (``local:NAME``) of the local folders that the operator or a reader named."""
        return tuple(LOCAL_PREFIX + key for key in sorted(self._local_folders()))

    def add_local_folder(self, path: str | Path, *, tokenizer_only: bool = False) -> str:
        """Make a model folder on this machine available and return its name, ``local:<folder name>``.

        The folder is checked first; with ``tokenizer_only`` a tokenizer in it is enough. Adding the same folder again is fine.

        Raises ``ModelRefused``: ``NOT_ALLOWED`` on a server whose operator set ``GLASSBOX_MODELS`` (only the operator names
        folders there), ``NO_MODEL_THERE`` (or ``NO_TOKENIZER_THERE``) for whatever is no such folder, whether it exists or not, ``NAME_TAKEN`` if
        another folder has the same name, and whatever :meth:`card` (or :meth:`tokenizer_card`) raises.
        """
        named = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  # a link keeps its own name
        folder, key = named.resolve(), _folder_name(named)
        name = parse_name(LOCAL_PREFIX + key)
        if self.settings.allowed is not None:
            raise ModelRefused(Reason.NOT_ALLOWED, name=name.text, allowed=self.settings.allowed)
        try:
            there = _is_named(folder)
        except OSError:  # nobody may look into it
            there = False
        if not there:
            missing = Reason.NO_TOKENIZER_THERE if tokenizer_only else Reason.NO_MODEL_THERE
            raise ModelRefused(missing, name=name.text)
        if tokenizer_only:
            _tokenizer_revision(folder, name)
        else:
            read_card(folder, name)
        with self._mutex:
            known = self._added.get(key) or self._operator_folders().get(key)
            if known is not None and known != folder:
                raise ModelRefused(Reason.NAME_TAKEN, name=name.text)
            self._added[key] = folder
        return name.text

    def _operator_folders(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in self.settings.local_folders:
            inside: Iterable[Path] = (folder,)
            if folder.is_dir() and not _is_named(folder):
                inside = sorted(path for path in folder.iterdir() if _is_named(path))
            for path in inside:
                found.setdefault(_folder_name(path), path.resolve())
        return found

    def _local_folders(self) -> dict[str, Path]:
        with self._mutex:
            return {**self._added, **self._operator_folders()}

    # Cards

    def folder(self, name: ModelName) -> Path:
        """Where the files of a model are. Raises ``ModelRefused``: ``NOT_FOUND`` or ``NOT_DOWNLOADED``."""
        if name.source == "bundled":
            folder = self._bundled_folder / name.key
            if folder.is_dir():
                return folder
        elif name.source == "local":
            local = self._local_folders().get(name.key)
            if local is not None:
                return local
        else:
            cached = cached_folder(name.key, self._cache)
            if cached is None:
                raise ModelRefused(Reason.NOT_DOWNLOADED, name=name.text)
            return cached
        raise ModelRefused(Reason.NOT_FOUND, name=name.text)

    def card(self, text: object, require: Capability | None = None) -> ModelCard:
        """The card of a model on this machine, without importing torch.

        Raises ``ModelRefused``: ``BAD_NAME``, ``NOT_ALLOWED``, ``NOT_FOUND``, ``NOT_DOWNLOADED``, ``INCOMPLETE``,
        ``PICKLE_ONLY``, ``OWN_CODE``, ``UNSUPPORTED``, ``DAMAGED``, ``TOO_LARGE``, or ``CANNOT`` if it lacks
        ``require``.
        """
        name = self.parse_name(text)
        found = self._read(name)[1]
        found.check(require)
        return found

    def _read(self, name: ModelName) -> tuple[Path, ModelCard]:
        folder = self.folder(name)
        found = read_card(folder, name, folder.name if name.source == "hub" else None)
        self.settings.check_size(name.text, found.weights_bytes)
        offer = next((item for item in OFFERED if name.source == "hub" and item.name == name.key), None)
        if offer is not None and not found.licence:
            # Other programs download the weights without the README.md that has the licence.
            found = replace(found, languages=found.languages or offer.languages, licence=offer.licence)
        return folder, found

    # Tokenizers

    def tokenizer_folder(self, name: ModelName) -> Path:
        """Where the files of a tokenizer are; the model itself may be missing. Raises what :meth:`folder` raises."""
        if name.source == "hub":
            cached = cached_folder(name.key, self._cache, has_tokenizer)
            if cached is None:
                raise ModelRefused(Reason.NOT_DOWNLOADED, name=name.text)
            return cached
        return self.folder(name)

    def tokenizer_card(self, text: object) -> TokenizerCard:
        """The card of a tokenizer on this machine, without importing torch; no model needs to be with it.

        Raises ``ModelRefused``: ``BAD_NAME``, ``NOT_ALLOWED``, ``NOT_FOUND``, ``NOT_DOWNLOADED`` or ``INCOMPLETE``.
        """
        name = self.parse_name(text)
        folder = self.tokenizer_folder(name)
        revision = folder.name if name.source == "hub" else _tokenizer_revision(folder, name)
        return TokenizerCard(name.text, name.source, revision)

    def tokenizer_cards(self) -> tuple[TokenizerCard, ...]:
        """Every tokenizer on this machine that the operator allows: bundled, local, downloaded."""
        found: list[TokenizerCard] = []
        names = (*self.bundled_names(), *self.local_names(), *self._downloaded_names(has_tokenizer))
        for text in names:
            with contextlib.suppress(ModelRefused):
                found.append(self.tokenizer_card(text))
        return tuple(found)

    # Lists

    def choices(self, require: Capability | None = None) -> tuple[Choice, ...]:
        """Models to offer in a list: bundled, local, downloaded, then those offered for download.

        Only what the operator allows, and with ``require`` only models that can do it. Folders that cannot be used
        are left out; :meth:`card` says why.
        """
        found: list[Choice] = []
        for text in (*self.bundled_names(), *self.local_names(), *self._downloaded_names()):
            try:
                card = self.card(text, require)
            except ModelRefused:
                continue
            found.append(
                Choice(card.name, card.source, "ready", card.capabilities, card.languages, card.licence)
            )
        ready = {choice.name for choice in found}
        for offer in OFFERED:
            wanted = require is None or require in offer.capabilities
            if wanted and offer.name not in ready and self.settings.allows(parse_name(offer.name)):
                found.append(
                    Choice(offer.name, "hub", "download", offer.capabilities, offer.languages, offer.licence)
                )
        return tuple(found)

    def _downloaded_names(self, holds: Callable[[Path], bool] = is_complete) -> tuple[str, ...]:
        cache = self._cache or cache_folder()
        offered = [offer.name for offer in OFFERED if cached_folder(offer.name, cache, holds) is not None]
        shown = set(offered) | {_CANONICAL[name] for name in offered}
        others: list[str] = []
        try:
            folders = sorted(path.name for path in cache.iterdir() if path.name.startswith("models--"))
        except OSError:
            folders = []
        for folder in folders:
            model_id = folder.removeprefix("models--").replace("--", "/")
            if model_id not in shown and cached_folder(model_id, cache, holds) is not None:
                others.append(model_id)
        return (*offered, *others)

    # Models

    def load(self, text: object, require: Capability | None = None) -> LoadedModel:
        """One shared copy of a model, loaded at the first call.

        The first call for a model takes as long as reading it (and, once per process, importing torch and
        transformers); others who ask for the same model wait for that one load, everybody else goes on. A folder
        whose files changed is loaded anew. Raises what :meth:`card` raises, ``NO_MEMORY``, or ``DAMAGED`` if the files
        are not what they claim.
        """
        name = self.parse_name(text)
        folder, card = self._read(name)
        card.check(require)
        held = self._held(card)
        if held is not None:
            return held
        with self._mutex:
            lock = self._locks.setdefault(name.text, threading.Lock())
        with lock:
            held = self._held(card)
            if held is None:
                self._evict(self.settings.memory_budget - card.memory_bytes)
                held = _load_folder(folder, card)
                with self._mutex:
                    self._loaded[name.text] = held
                    self._loaded.move_to_end(name.text)
                self._evict(self.settings.memory_budget, keep=name.text)
        return held

    def _held(self, card: ModelCard) -> LoadedModel | None:
        with self._mutex:
            held = self._loaded.get(card.name)
            if held is None or held.card.revision != card.revision:
                return None
            self._loaded.move_to_end(card.name)
            return held

    def _evict(self, budget: int, keep: str | None = None) -> None:
        with self._mutex:
            used = sum(item.memory_bytes for item in self._loaded.values())
            for name in list(self._loaded):
                if used <= budget:
                    break
                if name != keep:
                    used -= self._loaded.pop(name).memory_bytes

    def loaded_names(self) -> tuple[str, ...]:
        """Models in memory now, least recently used first."""
        with self._mutex:
            return tuple(self._loaded)


def _is_named(folder: Path) -> bool:
    """Whether a folder is a model or a tokenizer itself, not a folder of such folders."""
    return (folder / "config.json").is_file() or has_tokenizer(folder)


def _folder_name(folder: Path) -> str:
    """What a folder is called in lists: its name, or the model's where it is a snapshot in the cache of Hugging Face.

    >>> _folder_name(Path("/cache/models--google--t5-small/snapshots/df1b051c"))
    't5-small'
    """
    name = folder.name
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        name = folder.parent.parent.name.split("--")[-1]
    return unicodedata.normalize("NFC", name)


def _tokenizer_revision(folder: Path, name: ModelName) -> str:
    if not folder.is_dir():
        raise ModelRefused(Reason.NOT_FOUND, name=name.text)
    if not has_tokenizer(folder):
        files = " / ".join(" + ".join(names) for names in FILES)
        raise ModelRefused(Reason.INCOMPLETE, name=name.text, missing=files)
    return f"sha256:{tokenizer_digest(folder)}"


# --- The store of this process --------------------------------------------------------------------------------------

_store: Checkpoints | None = None
_store_lock = threading.Lock()


def store() -> Checkpoints:
    """The store that all sessions share, made at the first call. Raises ``ValueError`` for a setting that is wrong."""
    global _store
    with _store_lock:
        if _store is None:
            _store = Checkpoints()
        return _store


def load(name: object, require: Capability | None = None) -> LoadedModel:
    """:meth:`Checkpoints.load` of the shared store."""
    return store().load(name, require)


def card(name: object, require: Capability | None = None) -> ModelCard:
    """:meth:`Checkpoints.card` of the shared store."""
    return store().card(name, require)


def choices(require: Capability | None = None) -> tuple[Choice, ...]:
    """:meth:`Checkpoints.choices` of the shared store."""
    return store().choices(require)


def tokenizer_card(name: object) -> TokenizerCard:
    """:meth:`Checkpoints.tokenizer_card` of the shared store."""
    return store().tokenizer_card(name)


def tokenizer_cards() -> tuple[TokenizerCard, ...]:
    """:meth:`Checkpoints.tokenizer_cards` of the shared store."""
    return store().tokenizer_cards()


def add_local_folder(path: str | Path, *, tokenizer_only: bool = False) -> str:
    """:meth:`Checkpoints.add_local_folder` of the shared store."""
    return store().add_local_folder(path, tokenizer_only=tokenizer_only)
