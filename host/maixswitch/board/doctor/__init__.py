"""`maixswitch doctor`: asks a board what it is and what is on it, and judges that on the PC. Never tried on a board."""
