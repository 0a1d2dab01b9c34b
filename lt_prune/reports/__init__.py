"""What a person or a program reads of a result: summaries as plain values, tables of them, progress."""
