"""How the pairs of every pattern grow with the length of the text."""

import streamlit as st


@st.cache_data(max_entries=1, show_spinner=False)
def sparse_growth() -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the pairs of every pattern from 16 to 131,072 tokens (the stride is the square root of the length), and
    the bytes of their weights at 1,000, 10,000 and 100,000 tokens. A few hundred numbers."""
    from math import isqrt

    from components.lm.transformer.attention_patterns import NAMES, count_pairs, memory_bytes

    lengths = [2**power for power in range(4, 18)]
    growth: dict[str, list[int]] = {"n": lengths}
    wanted = [1_000, 10_000, 100_000]
    strides = [round(n**0.5) for n in wanted]
    memory: dict[str, list[int]] = {"lengths": wanted, "strides": strides}
    for name in NAMES:
        growth[name] = [count_pairs(name, n, isqrt(n)) for n in lengths]
        memory[name] = [
            memory_bytes(count_pairs(name, n, stride)) for n, stride in zip(wanted, strides, strict=True)
        ]
    return growth, memory
