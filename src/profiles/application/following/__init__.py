"""How the following store comes to hold what the deciding store holds."""
