"""Import models of other tools onto a card."""
