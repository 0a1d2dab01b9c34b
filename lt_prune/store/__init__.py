"""Files that appear whole or not at all, and are verified before they are used."""
