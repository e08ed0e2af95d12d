"""MQTT: the bridge with real brokers, in this process and under faults."""
