"""The rules: points in, weights out; none of them judges itself."""
