"""What every other package of the engine stands on: settings, ids, stream names and positions, actors and credentials,
threads and timers, token buckets and metrics. It knows neither the database's tables nor the protocol."""
