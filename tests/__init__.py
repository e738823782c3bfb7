"""A package of its own: a library that the tests need brings a package of this name, too."""
