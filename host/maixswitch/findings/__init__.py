"""The findings of check, import and doctor: a table of codes with texts in every language, and the class Finding."""
