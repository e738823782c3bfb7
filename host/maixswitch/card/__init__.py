"""Rules and findings about a card and the code on it."""
