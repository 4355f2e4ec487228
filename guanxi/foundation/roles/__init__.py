"""Who may do what, as data: roles with a matrix of rights and rules of fields, teams as a tree, shared records.

It answers the door “rights_of”; what a right means for a row is said by `guanxi.foundation.governing`, and everybody
asks `guanxi.foundation.visibility`. It must not know which types of records there are.
"""
