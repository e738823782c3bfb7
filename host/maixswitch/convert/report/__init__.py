"""What a conversion says about itself: figures, comparison, table, page."""
