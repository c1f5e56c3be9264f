"""The machine around the daemon: folders, process, network, operating system."""
