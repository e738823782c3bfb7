"""The command line: one file for each command, and the table of commands in `main`."""
