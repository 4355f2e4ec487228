"""How dates are written where a template asks for the usual form; the same everywhere, short and without a.m. and p.m."""
