"""Tests of the point sets."""
