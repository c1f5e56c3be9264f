"""So that `python -m controller` is the command."""

from controller.cli import main

main(prog_name="zhangu")
