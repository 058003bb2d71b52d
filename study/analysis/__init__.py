"""Metrics: what weights do on points, computed from weights and points alone."""
