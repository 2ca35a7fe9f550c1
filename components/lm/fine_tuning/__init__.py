"""Fine-tuning: labelled samples of ours, one training loop, and what is put on top of a pre-trained model."""
