"""`python -m profiles`: the command line."""

from profiles.entrypoints.main import main

if __name__ == "__main__":
    main()
