"""What a reader may like next: calculation in pure modules of numpy, and its place in the library."""
