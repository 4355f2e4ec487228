"""Leads: somebody showed interest. Who he is, whose he becomes and why, how soon somebody answered, what came of it.

It may know deals, which do not know it.
"""
