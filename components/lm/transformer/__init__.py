"""What all Transformers share: attention, masks, positions, heads, sizes."""
