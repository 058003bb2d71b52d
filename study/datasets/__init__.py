"""Point sets: what a rule is trained on."""
