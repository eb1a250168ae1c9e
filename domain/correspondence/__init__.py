"""The correspondence that the mail is about: agendas, those who write about them, and what a mail is."""
