"""The line: its states, limits, cooling-off and reopening, and the decisions that move it."""
