"""Compiled loops, each written for one set of points; trainers and certificates check what they hand to them."""
