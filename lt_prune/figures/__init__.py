"""Everything that is drawn: a trained run class by class, and accuracy against what was removed."""
