"""Files that other tools read and write; text to values and back, no file is opened here."""
