"""Perceptron and bounded sigmoid unit on separable points with a spoiler: who separates, when, and at what price."""
