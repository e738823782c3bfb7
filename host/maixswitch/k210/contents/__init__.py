"""What a firmware image says about itself, read from its bytes alone: nothing runs, and Unicorn is not needed.

``heap`` finds the memory, ``names`` the modules, ``facts`` puts both together with the texts of the image, ``flavour``
tells which build it is likely to be and gives the row that a model is judged by, and ``report`` shows all of it.
"""
