"""Networks behind one face: pixels in, features and logits out."""
