"""What happens in a transaction of a deciding store, over a unit of work that stores fulfil."""
