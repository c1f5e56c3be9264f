"""The timetable: the YAML file, its checks, the plan of a day and the state of a moment. Pure but for `current`."""
