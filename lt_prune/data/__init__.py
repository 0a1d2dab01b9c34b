"""From a source of images to a long-tailed set: sources, sample identity, profiles, groups and batches."""
