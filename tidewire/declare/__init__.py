"""What an application declares: Live, Touch and Fact about its models, StreamKind about its streams; and the registry.

live.py          Live, Touch, Fact
kinds.py         StreamKind, Retention, Rate
registry.py      all declarations of the process, by name, model and stream
intents.py       the block inside which updates have a name of their own
"""
