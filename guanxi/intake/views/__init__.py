"""The pages of an import: file, columns, rules, check, the import itself and what came of it.

Each step is an address; what was chosen lies in the database (`ImportDraft`, then `ImportRun`), so that one may leave
at any step and come back to it.
"""
