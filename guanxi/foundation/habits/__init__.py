"""What the house remembers of how somebody works: starred records, those seen last, whether single keys do something.

It knows the desk; it must not know any type of object by name. Nothing of it is business data: no audit.
"""
