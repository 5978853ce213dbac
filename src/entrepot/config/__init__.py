"""How an installation is put together: settings, the environment, the database server, the routes."""
