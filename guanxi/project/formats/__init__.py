"""How dates are written where a template asks for the usual form: short, without a.m. and p.m."""
