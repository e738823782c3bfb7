"""What the converter knows of each operator: one file an operator, or a family that shares code."""
