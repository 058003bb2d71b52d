"""One module per figure; each draws tables that an experiment has written."""
