"""Declared experiments: seeds, blocks, and the runner that computes what is missing."""
