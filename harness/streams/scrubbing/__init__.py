"""Personal data taken out of events by rules, before anything is written."""
