"""What a training is to be, resolved and checked before anything runs: plans, recipes, names of files."""
