"""What one client costs the others: an attacker uses one limit to the full while a victim measures."""
