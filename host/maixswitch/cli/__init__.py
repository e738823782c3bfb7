"""The command line: one file for each command; `main` holds the table of commands."""
