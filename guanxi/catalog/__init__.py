"""What is sold: products, their category tree, brands and units. It must not know who buys them."""
