"""Theorems about one point set: the search for a proof, and an independent checker in rigorous arithmetic."""
