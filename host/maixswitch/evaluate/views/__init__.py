"""What a model answers to one picture: board.py through the app and the fakes, paper.py without the board's limits."""
