"""Bringing a card's folder onto a card: plan first, then carry out that plan, as one transaction."""
