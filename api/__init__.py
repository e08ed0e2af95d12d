"""The product: people, rooms and messages. What is live is declared in `live.py`."""
