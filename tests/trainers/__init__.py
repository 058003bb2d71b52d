"""Tests of the rules, each against theory, a literal reference and another package."""
