"""`python -m lt_prune` is `lt-prune`."""

from lt_prune.cli import main

main()
