"""The report of a conversion: figures, comparison, table, page."""
