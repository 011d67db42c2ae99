"""The trained network taken away as a file, with a receipt that it answers as it does here."""
