"""The organisation and lists of people as workbooks that an office can edit."""
