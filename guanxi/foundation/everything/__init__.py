"""Everything out, in open formats, and into an empty system again: tables as Parquet, files as they are, a manifest.

For those who leave, who move from one database to the other, or who want all in a notebook. It knows the tables as
Django's models declare them, and nothing of what they mean. A backup (`guanxi backup`) is another thing: quicker, and
of one database only.
"""
