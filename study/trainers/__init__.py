"""The rules: each takes points and returns weights; `study.analysis` measures what these do."""
