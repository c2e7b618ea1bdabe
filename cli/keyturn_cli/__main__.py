"""`python -m keyturn_cli`: the command where pip's folder of scripts is not on the path."""

from keyturn_cli.entry import main

main()
