"""Tables to figures, claims and the paper."""
