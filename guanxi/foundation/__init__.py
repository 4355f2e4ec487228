"""The ground floor: people and visibility, audit, hooks, actions, tasks, desk, search, money, language, the engine.

It knows nothing of customers, orders or any other business matter: whatever a higher floor wants to show here it
registers through `hooks`.
"""
