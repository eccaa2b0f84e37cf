"""Training with checkpoints, features computed once, mixed precision, pretrained networks."""
