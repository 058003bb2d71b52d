"""Tests of study.sweeps."""
