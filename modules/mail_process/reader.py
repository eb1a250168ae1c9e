"""A process that reads mails for the one that started it: `python -m modules.mail_process.reader`, as `up` calls it.

Requests come on standard input, answers go to standard output: pickles, which are for no other program.
"""

from modules.mail_process.compose import serve_reader

if __name__ == "__main__":
    serve_reader()
