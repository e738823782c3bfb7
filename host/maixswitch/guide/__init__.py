"""The guide's chapters: each computes what its pages say and show, with the project's own code.

A chapter is a module with a CHAPTER (``chapter.Chapter``). `maixswitch guide NUMBER` prints its text, with other
settings if the reader wants to try them. The pages in docs/guide hold its texts between generated markers, and its
values between inline markers, so the English and the Chinese page show the same ones (``maixswitch.docs``).
"""
