"""Accounts and transfers, event-sourced: a service, its outbox relay and its projector."""
