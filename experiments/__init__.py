"""One module per question; each declares an `Experiment`."""
