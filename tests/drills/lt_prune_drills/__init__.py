"""Members of lt-prune's families, one file and one entry point each, as another package adds them."""
