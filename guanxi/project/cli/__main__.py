"""`python -m guanxi.project.cli`: the command line where the console script is not on the path."""

from guanxi.project.cli import main

main()
