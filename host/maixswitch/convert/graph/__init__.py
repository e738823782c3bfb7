"""The graph of float operations: its one node type, its values and what rewrites it."""
