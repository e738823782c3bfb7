"""Models that are dropped on the page: received, taken in by a process of their own, put into a copy of the card."""
