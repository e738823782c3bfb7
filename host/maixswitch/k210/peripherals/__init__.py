"""The blocks of the chip, one file each, and the table that says where they lie."""
