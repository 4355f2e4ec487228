"""Notes on any record: short texts of colleagues, in which `@name` calls one of them."""
