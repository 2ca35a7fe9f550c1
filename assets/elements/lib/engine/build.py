"""Turn ``kernels.wat`` into ``kernels.js``, the bytes that the browser compiles.

Run it after every change of the source: ``python assets/elements/lib/engine/build.py``. A test builds the bytes anew
and compares. Needs the development requirements (``wasmtime``, whose reader of the text format does the work).
"""

from pathlib import Path

HERE = Path(__file__).parent


def build(source: str) -> bytes:
    """Return the binary module of a text module, without its names (a custom section, id 0, that no browser needs).

    Raises:
        wasmtime.WasmtimeError: the source is not WebAssembly text.
    """
    from wasmtime import wat2wasm

    module = bytes(wat2wasm(source))
    kept, at = module[:8], 8
    while at < len(module):
        length, shift, end = 0, 0, at + 1
        while True:  # an unsigned LEB128 number: seven bits a byte, the least first
            length |= (module[end] & 127) << shift
            shift, end = shift + 7, end + 1
            if module[end - 1] < 128:
                break
        if module[at] != 0:
            kept += module[at : end + length]
        at = end + length
    return kept


def script() -> str:
    """Return the text of ``kernels.js``: two letters a byte, in which gzip finds what repeats (base64 would hide it)."""
    code = build((HERE / "kernels.wat").read_text(encoding="utf-8")).hex()
    return f'// kernels.wat as bytes, in hexadecimal. Made by build.py.\nexport default "{code}";\n'


if __name__ == "__main__":
    (HERE / "kernels.js").write_text(script(), encoding="utf-8", newline="\n")
    print(f"kernels.js: {len(script())} characters")
