"""When the optimum of a bounded unit ignores spoilers: the conflict, the law, and thresholds without asymptotics."""
