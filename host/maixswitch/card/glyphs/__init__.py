"""The glyphs of a card: the letters of its titles, labels and messages that the panel's own font lacks."""
