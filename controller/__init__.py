"""战鼓: an office's PA and its walls, in step with a timetable."""
