"""Load: arrivals on a schedule, sent by locust in processes of its own. Only modules here import locust."""
