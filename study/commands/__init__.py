"""One light module per command; heavy imports stay inside the bodies."""
