"""The graph of float operations: its node type, its values, and helpers of the rewriting."""
