"""What one study's lessons share and no student must write."""
