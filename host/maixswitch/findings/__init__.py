"""The findings that the tools report: one table of codes with texts in every language, and findings made from it."""
