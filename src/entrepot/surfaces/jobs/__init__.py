"""What happens without a reader: the jobs process, its schedule, and the relay that drains the outbox."""
