"""How data comes in: files now; API, tills, EDI, web tracking and scans later.

Set-based from end to end: DuckDB reads and checks, ADBC writes; no object per row.
"""
