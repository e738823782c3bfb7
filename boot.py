"""Safety only: the firmware runs this first, and again at every soft reset. No loop, no model, nothing to hang in."""
