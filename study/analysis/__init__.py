"""The judge: weights and points in, what is true of them out."""
