"""Tests of study.report."""
