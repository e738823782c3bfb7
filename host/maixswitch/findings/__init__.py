"""The findings that the tools report: one table of codes, texts and remedies."""
