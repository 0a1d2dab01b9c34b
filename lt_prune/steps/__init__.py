"""The flow, a file a step: what the command line and a notebook call."""
