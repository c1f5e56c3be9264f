"""Pictures of the results and posters, drawn with Pillow in a child process, in the look of the walls."""
