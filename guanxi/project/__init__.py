"""The top floor: settings, URLs, the server and the command line. It may know every package; none may know it."""
