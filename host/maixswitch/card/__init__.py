"""Make, read and check a card."""
