"""The replay lane: what is stored and published is read by the old and the new version while the deployment goes on."""
