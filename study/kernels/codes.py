"""What the compiled loops call losses, bounds and outcomes."""

LOSS_CODES = {"quadratic": 0, "cross-entropy": 1, "threshold-quadratic": 2}
SHAPE_CODES = {"none": 0, "box": 1, "ball": 2}
ACTIVATION_CODES = {"sigmoid": 0, "tanh": 1, "relu": 2}
RULE_CODES = {"descent": 0, "adam": 1, "adamw": 2}
CROSS_ENTROPY, THRESHOLD = 1, 2
NONE, BOX, BALL = 0, 1, 2
SIGMOID, RELU = 0, 2
DESCENT, ADAMW = 0, 2
SEPARATED, STATIONARY, BUDGET_SPENT, NOT_FINITE, NOT_SEPARABLE, STALLED = range(6)
LEFT = -1.0
"""The gap of a unit's weights that another loop is to go on with."""
CANCELLED, DONE = 0, 1
"""Places in the array `control` that every loop is handed: nonzero asks it to end; how far it has come."""
