"""What a MaixPy or CanMV script gives to the firmware, read from its syntax tree. The script is never run."""
