window.Wall.start();
