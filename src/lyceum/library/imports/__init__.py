"""Catalogues and ratings that come in as files: read row by row, written in bulk, all of it or nothing."""
