"""`python -m keyturn_cli`: the command for a machine whose path lacks pip's folder of scripts."""

from keyturn_cli.entry import main

if __name__ == "__main__":
    main()
