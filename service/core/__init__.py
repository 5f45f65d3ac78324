"""The pure core: commands and state in, decisions out. Standard library and itself only."""
