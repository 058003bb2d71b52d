"""When the optimum of a bounded unit gives spoilers up: the conflict, the law, and thresholds without asymptotics."""
