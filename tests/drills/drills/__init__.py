"""A package of another author: a member of each family, which lt-prune knows by entry points alone."""
