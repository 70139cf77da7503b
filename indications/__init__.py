"""What makes an alert and where it goes: so far the judgement of measured values."""
