"""What the app says on the serial line: `serial_schema` holds every message, `serial_lines` finds them in the bytes."""
