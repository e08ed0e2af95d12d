"""The product: people, rooms and messages. What of it is live is declared in `realtime/live.py`."""
