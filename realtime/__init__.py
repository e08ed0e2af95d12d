"""The product's socket side: what of it is live, its consumers, its calls."""
