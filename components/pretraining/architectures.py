"""The sizes of the bundled models, and how one is built.

The designs are GPT-2's (Radford et al. 2019) and BERT's (Devlin et al. 2019); only the sizes are ours.
Dropout is 0: the models are far too small for this much text to memorise it.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Size:
    """Width, depth and lengths of one size, shared by its GPT and its BERT."""

    name: str
    num_layers: int
    num_heads: int
    hidden_size: int
    vocab_size: int
    gpt_context: int
    bert_context: int

    def context(self, kind: str) -> int:
        """Number of learned positions."""
        return self.gpt_context if kind == "gpt" else self.bert_context


SIZES = {
    size.name: size
    for size in (
        Size("nano", 4, 4, 96, 2048, 128, 128),
        Size("pocket", 6, 6, 192, 8192, 512, 256),
        Size("pocket-384", 6, 6, 384, 8192, 512, 256),  # the pocket twins made on a GPU
    )
}


def build_model(kind: str, size: Size, seed: int, attention: str = "sdpa") -> nn.Module:
    """A freshly initialised ``GPT2LMHeadModel`` or ``BertForPreTraining`` in float32."""
    from transformers import BertConfig, BertForPreTraining, GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    model: Any
    if kind == "gpt":
        gpt_config = GPT2Config(
            vocab_size=size.vocab_size,
            n_positions=size.gpt_context,
            n_embd=size.hidden_size,
            n_layer=size.num_layers,
            n_head=size.num_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
        model = GPT2LMHeadModel._from_config(gpt_config, attn_implementation=attention)
    elif kind == "bert":
        bert_config = BertConfig(
            vocab_size=size.vocab_size,
            hidden_size=size.hidden_size,
            num_hidden_layers=size.num_layers,
            num_attention_heads=size.num_heads,
            intermediate_size=4 * size.hidden_size,
            max_position_embeddings=size.bert_context,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        model = BertForPreTraining._from_config(bert_config, attn_implementation=attention)
    else:
        raise ValueError(f"kind must be 'gpt' or 'bert', not {kind!r}")
    module: nn.Module = model
    return module


def register_float32_attention() -> str:
    """Register, and name, an attention that runs in float32 under bf16 autocast.

    PyTorch's fused attention has a slow bf16 backward pass on a CPU: it took half of a whole training step, and
    in float32 a fifth of that. Matrix products around it stay in bf16.
    """
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    def attention(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, None]:
        causal = bool(getattr(module, "is_causal", False)) and attention_mask is None and query.shape[2] > 1
        with torch.autocast(query.device.type, enabled=False):
            out = nn.functional.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), attention_mask, scale=scaling, is_causal=causal
            )
        return out.transpose(1, 2).contiguous().to(query.dtype), None

    ALL_ATTENTION_FUNCTIONS.register("float32_sdpa", attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register("float32_sdpa", sdpa_mask)
    return "float32_sdpa"
