"""Images as data: folders and archives of image files, IDX files, arrays of pixels."""
