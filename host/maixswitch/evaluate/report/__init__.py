"""The report of an evaluation: remarks, table in the terminal, page."""
