"""Commands that put the course's data in place before anybody needs them."""
