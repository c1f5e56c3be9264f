"""`zhangu kiosk`: a wall on this machine's own screen: the browser, watched, and the screen's power."""
