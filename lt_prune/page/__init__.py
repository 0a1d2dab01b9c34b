"""The page of `lt-prune report`: from records to plain data (a function a section), and from these to one HTML file."""
