"""What every part shares: errors, canonical bytes, hashes, money, time. It holds no rules."""
