"""The REST API, version 1: the same acts as the pages, one router a domain, schemas that never leave this folder."""
