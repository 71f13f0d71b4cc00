"""Running the notebooks: what is due, one at a time, resumed after a stop, checked afterwards."""
