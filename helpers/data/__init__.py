"""The data sets: downloads, files, loaders, Lab images, and the mini data made on this machine."""
