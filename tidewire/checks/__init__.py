"""The start-up checks: settings that contradict each other, declarations that cannot work, a foreign database."""
