"""From text to tokens: BPE, WordPiece, Unigram, byte-level BPE, and released tokenizers."""
